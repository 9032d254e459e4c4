// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges of page frames.
 */

#include <linux/align.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include "range.h"

bool memscan_range_has(const struct memscan_range *range, unsigned long pfn)
{
	return range->start <= pfn && pfn < range->end;
}

/* The part of @range that lies in @limit, empty if there is none. */
struct memscan_range memscan_range_clip(struct memscan_range range,
					const struct memscan_range *limit)
{
	range.start = clamp(range.start, limit->start, limit->end);
	range.end = clamp(range.end, range.start, limit->end);
	return range;
}

/* The block of @pfn if @beside is 0, or one further up or down (-1). */
struct memscan_range memscan_range_block(unsigned long pfn, int beside)
{
	unsigned long start = ALIGN_DOWN(pfn, MEMSCAN_BLOCK_PAGES);

	if (beside < 0 && !start)
		return (struct memscan_range){};
	start += beside * (long)MEMSCAN_BLOCK_PAGES;
	return (struct memscan_range){ start, start + MEMSCAN_BLOCK_PAGES };
}

/* The first multiple of @step behind @pfn, but not beyond @end. */
unsigned long memscan_range_next(unsigned long pfn, unsigned long step,
				 unsigned long end)
{
	return min(ALIGN_DOWN(pfn, step) + step, end);
}

/* How much of @range lies before @pfn. */
unsigned int memscan_range_percent(const struct memscan_range *range,
				   unsigned long pfn)
{
	unsigned long size = range->end - range->start;

	if (pfn <= range->start || !size)
		return 0;
	return mul_u64_u64_div_u64(min(pfn, range->end) - range->start, 100,
				   size);
}
