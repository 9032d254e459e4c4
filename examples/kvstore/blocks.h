/* SPDX-License-Identifier: MIT */
/*
 * Blocks of a region: a buddy allocator for 64 B to 64 KiB.  A block of up to a
 * base page lies within one, so an error costs those in its page and no others.
 *
 * What is free is known outside of the region, in a tree of offsets for each
 * size (tsearch(3)): nothing has to be read of memory that may be lost.  And
 * what is lost is never handed out, as the ledger says.
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

/* All of the region is free, in whole multiples of BLOCK_BYTES_MAX. */
void blocks_init(struct blocks *blocks, const struct mfr_region *region);

/* The offset of a block for @bytes (1 to BLOCK_BYTES_MAX); -ENOSPC: none. */
int64_t blocks_take(struct blocks *blocks, size_t bytes);

/* The block at @offset, lost or not; -EINVAL: it is none, or not free. */
int blocks_take_at(struct blocks *blocks, uint64_t offset, size_t bytes);

void blocks_give(struct blocks *blocks, uint64_t offset, size_t bytes);

#endif /* BLOCKS_H */
