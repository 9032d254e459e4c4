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

bool memscan_range_has(const struct memscan_range *range, unsigned long pfn);
unsigned long memscan_range_next(unsigned long pfn, unsigned long step,
				 unsigned long end);
unsigned int memscan_range_percent(const struct memscan_range *range,
				   unsigned long pfn);

#endif /* MEMSCAN_RANGE_H */
