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
	if (pfn <= range->start)
		return 0;
	/* Also since the division is wrong then, see pace.c. */
	if (pfn >= range->end)
		return 100;
	return mul_u64_u64_div_u64(pfn - range->start, 100,
				   range->end - range->start);
}
