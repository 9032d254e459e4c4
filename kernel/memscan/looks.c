// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where to look soon.
 */

#include "looks.h"

/* Which go first: those with a hit, then their neighbours and what is new. */
#define HIT	XA_MARK_0
#define NEAR	XA_MARK_1

static const xa_mark_t order[] = { HIT, NEAR };

void memscan_looks_init(struct memscan_looks *looks)
{
	xa_init(&looks->blocks);
}

/*
 * Once a pass, unless @again. Without memory for the note there is no look: the
 * pass gets there.
 */
static void add(struct memscan_looks *looks, unsigned long block,
		xa_mark_t mark, bool again)
{
	struct xarray *xa = &looks->blocks;

	xa_lock(xa);
	if ((again || !xa_load(xa, block)) &&
	    !xa_is_err(__xa_store(xa, block, xa_mk_value(0),
				  GFP_KERNEL | __GFP_NOWARN)))
		__xa_set_mark(xa, block, mark);
	xa_unlock(xa);
}

/**
 * memscan_looks_around - there was a hit
 * @looks: of the thread that had it
 * @pfn: base page
 *
 * Context: may sleep.
 */
void memscan_looks_around(struct memscan_looks *looks, unsigned long pfn)
{
	unsigned long block = pfn / MEMSCAN_LOOK_PAGES;

	add(looks, block, HIT, false);
	if (block)
		add(looks, block - 1, NEAR, false);
	add(looks, block + 1, NEAR, false);
}

/**
 * memscan_looks_at - memory is new
 * @looks: of the thread that reads there
 * @range: where, whatever has been read there before
 *
 * Context: may sleep.
 */
void memscan_looks_at(struct memscan_looks *looks,
		      const struct memscan_range *range)
{
	unsigned long block;

	for (block = range->start / MEMSCAN_LOOK_PAGES;
	     block * MEMSCAN_LOOK_PAGES < range->end; block++)
		add(looks, block, NEAR, true);
}

bool memscan_looks_wait(struct memscan_looks *looks)
{
	return xa_marked(&looks->blocks, HIT) ||
	       xa_marked(&looks->blocks, NEAR);
}

static void take(struct xarray *xa, unsigned long block)
{
	xa_lock(xa);
	__xa_clear_mark(xa, block, HIT);
	__xa_clear_mark(xa, block, NEAR);
	xa_unlock(xa);
}

/* The next block, which waits no longer; false if none does. */
bool memscan_looks_next(struct memscan_looks *looks,
			struct memscan_range *range)
{
	unsigned long block;
	int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		block = 0;
		if (!xa_find(&looks->blocks, &block, ULONG_MAX, order[i]))
			continue;
		take(&looks->blocks, block);
		range->start = block * MEMSCAN_LOOK_PAGES;
		range->end = range->start + MEMSCAN_LOOK_PAGES;
		return true;
	}
	return false;
}

/* A pass begins: what was looked at may be looked at again. */
void memscan_looks_renew(struct memscan_looks *looks)
{
	struct xarray *xa = &looks->blocks;
	unsigned long block;
	void *entry;

	xa_lock(xa);
	xa_for_each(xa, block, entry)
		if (!xa_get_mark(xa, block, HIT) &&
		    !xa_get_mark(xa, block, NEAR))
			__xa_erase(xa, block);
	xa_unlock(xa);
}

/* Nothing is to be looked at any more. */
void memscan_looks_drop(struct memscan_looks *looks)
{
	xa_destroy(&looks->blocks);
}
