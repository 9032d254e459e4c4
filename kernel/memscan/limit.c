// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many hits to take.
 */

#include <linux/align.h>
#include <linux/time64.h>
#include "limit.h"

#define MINUTE_NS	(60ULL * NSEC_PER_SEC)

struct memscan_range memscan_block_of(unsigned long pfn)
{
	unsigned long start = ALIGN_DOWN(pfn, MEMSCAN_BLOCK_PAGES);

	return (struct memscan_range){ start, start + MEMSCAN_BLOCK_PAGES };
}

/* Count a hit. Returns how many its block has had in this pass. */
unsigned int memscan_limit_add(struct memscan_limit *limit, unsigned long pfn,
			       u64 now_ns)
{
	unsigned long block = pfn / MEMSCAN_BLOCK_PAGES;

	if (!limit->minute_hits || now_ns - limit->minute_ns >= MINUTE_NS) {
		limit->minute_ns = now_ns;
		limit->minute_hits = 0;
	}
	limit->minute_hits++;
	if (!limit->block_hits || limit->block != block) {
		limit->block = block;
		limit->block_hits = 0;
	}
	return ++limit->block_hits;
}

/* How long to wait: until the minute is over, if it had its hits. */
u64 memscan_limit_wait_ns(const struct memscan_limit *limit,
			  unsigned int max_per_minute, u64 now_ns)
{
	u64 elapsed = now_ns - limit->minute_ns;

	if (limit->minute_hits < max_per_minute || elapsed >= MINUTE_NS)
		return 0;
	return MINUTE_NS - elapsed;
}

void memscan_limit_new_pass(struct memscan_limit *limit)
{
	limit->block_hits = 0;
}
