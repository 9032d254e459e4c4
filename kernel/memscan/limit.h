/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many hits to take: each is a machine check, and may end a program. Many in
 * a block of memory mean a broken part, of which finding every bad word is not
 * our job.
 */
#ifndef MEMSCAN_LIMIT_H
#define MEMSCAN_LIMIT_H

#include <linux/bits.h>
#include <linux/types.h>
#include "walk.h"

/* A block is 128 MiB. */
#define MEMSCAN_BLOCK_PAGES	BIT(15)

/**
 * struct memscan_limit - hits counted so far
 * @minute_ns: start of the minute under way
 * @minute_hits: hits in it
 * @block: the block of the last hit
 * @block_hits: hits in it, in this pass
 */
struct memscan_limit {
	u64 minute_ns;
	unsigned int minute_hits;
	unsigned long block;
	unsigned int block_hits;
};

unsigned int memscan_limit_add(struct memscan_limit *limit, unsigned long pfn,
			       u64 now_ns);
u64 memscan_limit_wait_ns(const struct memscan_limit *limit,
			  unsigned int max_per_minute, u64 now_ns);
void memscan_limit_new_pass(struct memscan_limit *limit);

struct memscan_range memscan_block_of(unsigned long pfn);

#endif /* MEMSCAN_LIMIT_H */
