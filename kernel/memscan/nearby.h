/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to read soon, outside of the order of the pass: around a hit, and at
 * what came online.
 *
 * Errors of one fault lie together. A broken row of DRAM and those beside it
 * are near in physical addresses, how near depends on the memory controller,
 * which only drivers of EDAC know. So simply: the 2 MiB around the hit, then
 * the 2 MiB before and the 2 MiB behind these.
 */
#ifndef MEMSCAN_NEARBY_H
#define MEMSCAN_NEARBY_H

#include <linux/types.h>
#include <linux/xarray.h>
#include "walk.h"

/* A block of 2 MiB. */
#define MEMSCAN_NEARBY_PAGES	512UL

/**
 * struct memscan_nearby - blocks to read
 * @blocks: by number; there are those read in this pass, and marked those
 *	that wait. Its lock makes adding and taking away exclude each other.
 */
struct memscan_nearby {
	struct xarray blocks;
};

void memscan_nearby_init(struct memscan_nearby *nearby);
void memscan_nearby_add_hit(struct memscan_nearby *nearby, unsigned long pfn);
void memscan_nearby_add_range(struct memscan_nearby *nearby,
		      const struct memscan_range *range);
bool memscan_nearby_pending(struct memscan_nearby *nearby);
bool memscan_nearby_next(struct memscan_nearby *nearby,
			struct memscan_range *range);
void memscan_nearby_new_pass(struct memscan_nearby *nearby);
void memscan_nearby_clear(struct memscan_nearby *nearby);

#endif /* MEMSCAN_NEARBY_H */
