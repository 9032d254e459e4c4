/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where to look soon, outside of the order of the pass: around a hit, and at
 * what came online.
 *
 * Errors of one fault lie together. A broken row of DRAM and those beside it
 * are near in physical addresses, how near depends on the memory controller,
 * which only drivers of EDAC know. So simply: the 2 MiB around the hit, then
 * the 2 MiB before and the 2 MiB behind these.
 */
#ifndef MEMSCAN_LOOKS_H
#define MEMSCAN_LOOKS_H

#include <linux/types.h>
#include <linux/xarray.h>
#include "range.h"

/* A block of 2 MiB. */
#define MEMSCAN_LOOK_PAGES	512UL

/**
 * struct memscan_looks - blocks to look at
 * @blocks: by number; there are those looked at in this pass, and marked those
 *	that wait. Its lock makes adding and taking away exclude each other.
 */
struct memscan_looks {
	struct xarray blocks;
};

void memscan_looks_init(struct memscan_looks *looks);
void memscan_looks_around(struct memscan_looks *looks, unsigned long pfn);
void memscan_looks_at(struct memscan_looks *looks,
		      const struct memscan_range *range);
bool memscan_looks_wait(struct memscan_looks *looks);
bool memscan_looks_next(struct memscan_looks *looks,
			struct memscan_range *range);
void memscan_looks_renew(struct memscan_looks *looks);
void memscan_looks_drop(struct memscan_looks *looks);

#endif /* MEMSCAN_LOOKS_H */
