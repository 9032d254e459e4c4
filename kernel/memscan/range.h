/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of page frames, [start, end). Arithmetic only.
 */
#ifndef MEMSCAN_RANGE_H
#define MEMSCAN_RANGE_H

#include <linux/types.h>

struct memscan_range {
	unsigned long start;
	unsigned long end;
};

/* One bad row is seen in pages that lie near: this block and those beside. */
#define MEMSCAN_BLOCK_PAGES	512UL

bool memscan_range_has(const struct memscan_range *range, unsigned long pfn);
struct memscan_range memscan_range_clip(struct memscan_range range,
					const struct memscan_range *limit);
struct memscan_range memscan_range_block(unsigned long pfn, int beside);
unsigned long memscan_range_next(unsigned long pfn, unsigned long step,
				 unsigned long end);
unsigned int memscan_range_percent(const struct memscan_range *range,
				   unsigned long pfn);

#endif /* MEMSCAN_RANGE_H */
