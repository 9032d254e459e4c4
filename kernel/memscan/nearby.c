// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks to read ahead of the pass.
 */

#include "nearby.h"

/* In this order: blocks with a hit, then their neighbours and new memory. */
#define HIT	XA_MARK_0
#define NEAR	XA_MARK_1

static const xa_mark_t order[] = { HIT, NEAR };

void memscan_nearby_init(struct memscan_nearby *nearby)
{
	xa_init(&nearby->blocks);
}

/*
 * Queue a block once per pass, or @again. If the allocation fails, it is read
 * when the pass reaches it.
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
 * memscan_nearby_add_hit - queue the block of a hit and those next to it
 * @nearby: blocks of the thread that had the hit
 * @pfn: base page with the hit
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
 * memscan_nearby_add_range - queue memory that came online
 * @nearby: blocks of the thread that reads its node
 * @range: the memory; queued even if it was read in this pass
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

/* Take the next block off the queue; false if it is empty. */
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

/* A pass begins: its blocks can be queued again. */
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

/* Empty the queue. */
void memscan_nearby_clear(struct memscan_nearby *nearby)
{
	xa_destroy(&nearby->blocks);
}
