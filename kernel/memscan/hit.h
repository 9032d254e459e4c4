/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poison was found: hand it to the kernel, and remember what that leaves.
 */
#ifndef MEMSCAN_HIT_H
#define MEMSCAN_HIT_H

#include <linux/types.h>

struct memscan_range;

/*
 * RECOVERED: nobody can read it any more but by the policy of its owner.
 * KNOWN: somebody else met it first. NOT_RECOVERED: the kernel could not
 * isolate it, as it is its own memory; whoever reads it will take the error.
 */
enum memscan_outcome {
	MEMSCAN_HIT_RECOVERED,
	MEMSCAN_HIT_KNOWN,
	MEMSCAN_HIT_NOT_RECOVERED,
	MEMSCAN_OUTCOMES,
};

enum memscan_outcome memscan_hit(const char *who, unsigned long pfn,
				 unsigned int offset);

bool memscan_is_hwpoison(unsigned long pfn);
bool memscan_is_known(unsigned long pfn);
void memscan_forget(const struct memscan_range *range);
void memscan_forget_all(void);

#endif /* MEMSCAN_HIT_H */
