/* SPDX-License-Identifier: GPL-2.0-only */
/* At the end: allocate all memory, write it, and see what it is. */
#ifndef SWEEP_H
#define SWEEP_H

#include <stdbool.h>

struct sweep {
	unsigned long before;	/* base pages free at the start or in pools */
	unsigned long free;	/* at the end, with all pools empty */
	unsigned long slabs_before, slabs;	/* pages of slabs at these times */
	unsigned long taken;	/* that a process could have */
	unsigned long raw;	/* raw page frames that there are */
	unsigned long raw_taken, raw_unmarked;
	unsigned long freed;	/* healthy page frames that releases freed */
	unsigned long freed_missing;	/* not taken, and not free afterwards */
	unsigned long freed_marked;	/* as poisoned */
};

/* At the start of a campaign. */
void sweep_begin(struct sweep *s);

/*
 * Base pages that were free before the campaign and are not after it, other
 * than raw ones and slabs, in which KASAN holds much back that was freed; what
 * else the kernel itself needs more by then is among them.
 */
long sweep_unexplained(const struct sweep *s);

/*
 * Empties the pools to the buddy allocator first.  Nothing of the campaign may
 * be left but its real poison.  False if the sweep itself went wrong.
 */
bool sweep_all_memory(struct sweep *s);

#endif /* SWEEP_H */
