/* SPDX-License-Identifier: MIT */
/*
 * A buddy allocator for blocks of 64 B to 64 KiB in a region.  No block of up
 * to 4 KiB crosses a base page: an error costs only the blocks in its own page.
 *
 * Free blocks are listed outside of the region, in one tree of offsets per size
 * (tsearch(3)), so that the allocator never reads memory that may be lost.  It
 * checks the ledger, and does not hand out lost memory.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <mfr.h>

#define BLOCK_BYTES_MAX	65536
#define BLOCK_ORDERS	11

struct blocks {
	const struct mfr_ledger *ledger;
	void *free[BLOCK_ORDERS];
};

/* All of the region becomes free; a rest below BLOCK_BYTES_MAX is not used. */
void blocks_init(struct blocks *blocks, const struct mfr_region *region);

/* The offset of a block for @bytes (1 to BLOCK_BYTES_MAX), or -ENOSPC. */
int64_t blocks_take(struct blocks *blocks, size_t bytes);

/* Take the block at @offset, even if lost.  -EINVAL: not a free block. */
int blocks_take_at(struct blocks *blocks, uint64_t offset, size_t bytes);

void blocks_give(struct blocks *blocks, uint64_t offset, size_t bytes);

#endif /* BLOCKS_H */
