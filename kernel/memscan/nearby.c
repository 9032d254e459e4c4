// SPDX-License-Identifier: GPL-2.0-only
/*
 * What to read soon.
 */

#include "nearby.h"

/* Which go first: those with a hit, then their neighbours and what is new. */
#define HIT	XA_MARK_0
#define NEAR	XA_MARK_1

static const xa_mark_t order[] = { HIT, NEAR };

void memscan_nearby_init(struct memscan_nearby *nearby)
{
	xa_init(&nearby->blocks);
}

/*
 * Once a pass, unless @again. Without memory for the note it is not read: the
 * pass gets there.
 */
static void add(struct memscan_nearby *nearby, unsigned long block,
		xa_mark_t mark, bool again)
{
	struct xarray *xa = &nearby->blocks;

	xa_lock(xa);
	if ((again || !xa_load(xa, block)) &&
	    !xa_is_err(__xa_store(xa, block, xa_mk_value(0),
				  GFP_KERNEL | __GFP_NOWARN)))
		__xa_set_mark(xa, block, mark);
	xa_unlock(xa);
}

/**
 * memscan_nearby_add_hit - there was a hit
 * @nearby: of the thread that had it
 * @pfn: base page
 *
 * Context: may sleep.
 */
void memscan_nearby_add_hit(struct memscan_nearby *nearby, unsigned long pfn)
{
	unsigned long block = pfn / MEMSCAN_NEARBY_PAGES;

	add(nearby, block, HIT, false);
	if (block)
		add(nearby, block - 1, NEAR, false);
	add(nearby, block + 1, NEAR, false);
}

/**
 * memscan_nearby_add_range - memory is new
 * @nearby: of the thread that reads there
 * @range: where, whatever has been read there before
 *
 * Context: may sleep.
 */
void memscan_nearby_add_range(struct memscan_nearby *nearby,
		      const struct memscan_range *range)
{
	unsigned long block;

	for (block = range->start / MEMSCAN_NEARBY_PAGES;
	     block * MEMSCAN_NEARBY_PAGES < range->end; block++)
		add(nearby, block, NEAR, true);
}

bool memscan_nearby_pending(struct memscan_nearby *nearby)
{
	return xa_marked(&nearby->blocks, HIT) ||
	       xa_marked(&nearby->blocks, NEAR);
}

static void take(struct xarray *xa, unsigned long block)
{
	xa_lock(xa);
	__xa_clear_mark(xa, block, HIT);
	__xa_clear_mark(xa, block, NEAR);
	xa_unlock(xa);
}

/* The next block, which waits no longer; false if none does. */
bool memscan_nearby_next(struct memscan_nearby *nearby,
			struct memscan_range *range)
{
	unsigned long block;
	int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		block = 0;
		if (!xa_find(&nearby->blocks, &block, ULONG_MAX, order[i]))
			continue;
		take(&nearby->blocks, block);
		range->start = block * MEMSCAN_NEARBY_PAGES;
		range->end = range->start + MEMSCAN_NEARBY_PAGES;
		return true;
	}
	return false;
}

/* A pass begins: what was read may be read again. */
void memscan_nearby_new_pass(struct memscan_nearby *nearby)
{
	struct xarray *xa = &nearby->blocks;
	unsigned long block;
	void *entry;

	xa_lock(xa);
	xa_for_each(xa, block, entry)
		if (!xa_get_mark(xa, block, HIT) &&
		    !xa_get_mark(xa, block, NEAR))
			__xa_erase(xa, block);
	xa_unlock(xa);
}

/* Nothing waits any more. */
void memscan_nearby_clear(struct memscan_nearby *nearby)
{
	xa_destroy(&nearby->blocks);
}
