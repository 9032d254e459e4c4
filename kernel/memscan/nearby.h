/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Blocks to read ahead of the pass: near a hit, and memory that came online.
 *
 * Errors from one fault lie close together. A broken DRAM row and the rows next
 * to it are close in physical addresses; how close depends on the memory
 * controller, which only EDAC drivers know. So simply: the 2 MiB around the
 * hit, then the 2 MiB before and the 2 MiB after them.
 */
#ifndef MEMSCAN_NEARBY_H
#define MEMSCAN_NEARBY_H

#include <linux/types.h>
#include <linux/xarray.h>
#include "walk.h"

/* A block is 2 MiB. */
#define MEMSCAN_NEARBY_PAGES	512UL

/**
 * struct memscan_nearby - blocks to read ahead of the pass
 * @blocks: by number: the blocks of this pass, with a mark on those that are
 *	still queued; its lock serialises adding and removing
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
