// SPDX-License-Identifier: MIT
#include "blocks.h"

#include <errno.h>
#include <search.h>
#include <stdbool.h>

#define BYTES_OF(order)	(64ULL << (order))

static unsigned int order_for(size_t bytes)
{
	unsigned int order = 0;

	while (BYTES_OF(order) < bytes)
		order++;
	return order;
}

/* The trees store offsets instead of pointers: an offset is its own key. */
static void *key(uint64_t offset)
{
	return (void *)(uintptr_t)offset;
}

static int by_offset(const void *a, const void *b)
{
	return (a > b) - (a < b);
}

static bool remove_free(struct blocks *b, uint64_t offset, unsigned int order)
{
	return tdelete(key(offset), &b->free[order], by_offset);
}

/* If there is no memory for the node, the block is never used: no harm. */
static void add_free(struct blocks *b, uint64_t offset, unsigned int order)
{
	tsearch(key(offset), &b->free[order], by_offset);
}

void blocks_init(struct blocks *blocks, const struct mfr_region *region)
{
	uint64_t offset;

	*blocks = (struct blocks){ .ledger = mfr_region_ledger(region) };
	for (offset = 0;
	     offset + BLOCK_BYTES_MAX <= mfr_region_bytes(region);
	     offset += BLOCK_BYTES_MAX)
		add_free(blocks, offset, BLOCK_ORDERS - 1);
}

/* Take the root of the first tree, from @order upwards, that is not empty. */
static bool pick(struct blocks *b, unsigned int *order, uint64_t *offset)
{
	while (*order < BLOCK_ORDERS && !b->free[*order])
		++*order;
	if (*order == BLOCK_ORDERS)
		return false;
	*offset = (uintptr_t)*(void **)b->free[*order];
	return remove_free(b, *offset, *order);
}

static bool has_clean_page(const struct blocks *b, uint64_t offset,
			   uint64_t bytes)
{
	struct mfr_range clean;

	return mfr_ledger_next_clean(b->ledger, offset, &clean) == 1 &&
	       clean.offset < offset + bytes;
}

int64_t blocks_take(struct blocks *blocks, size_t bytes)
{
	unsigned int want = order_for(bytes), order = want;
	uint64_t offset;

	for (; pick(blocks, &order, &offset); order = want) {
		uint64_t size = BYTES_OF(order);
		bool clean = mfr_ledger_is_clean(blocks->ledger, offset, size);

		if (clean && order == want)
			return offset;
		if (!clean && !has_clean_page(blocks, offset, size))
			continue;	/* all lost: never use it again */
		add_free(blocks, offset, order - 1);
		add_free(blocks, offset + size / 2, order - 1);
	}
	return -ENOSPC;
}

int blocks_take_at(struct blocks *blocks, uint64_t offset, size_t bytes)
{
	unsigned int want = order_for(bytes), order;

	if (offset % BYTES_OF(want))
		return -EINVAL;
	for (order = want; order < BLOCK_ORDERS; order++)
		if (remove_free(blocks, offset & -BYTES_OF(order), order))
			break;
	if (order == BLOCK_ORDERS)
		return -EINVAL;
	while (order-- > want)
		add_free(blocks, (offset & -BYTES_OF(order)) ^ BYTES_OF(order),
			 order);
	return 0;
}

void blocks_give(struct blocks *blocks, uint64_t offset, size_t bytes)
{
	unsigned int order = order_for(bytes);

	while (order < BLOCK_ORDERS - 1 &&
	       remove_free(blocks, offset ^ BYTES_OF(order), order)) {
		offset &= ~BYTES_OF(order);
		order++;
	}
	add_free(blocks, offset, order);
}
