/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The base pages of a node, counted from other interfaces of the kernel: the
 * numbers that a pass over the node has to match.
 */
#ifndef CENSUS_H
#define CENSUS_H

#include <stdbool.h>
#include <stdint.h>

/* The size of a memory block on x86-64 with less than 64 GiB. */
#define BLOCK_BYTES	(128UL << 20)

/**
 * struct census - base pages
 * @zoneinfo: present, according to /proc/zoneinfo
 * @present: RAM in online blocks, according to /proc/kpageflags, /proc/iomem
 *	and the node's directory in sysfs
 * @offline: of @present, ballooned or unplugged
 * @hwpoison: of @present, marked as poisoned
 * @free: of @present, in the buddy allocator
 */
struct census {
	long zoneinfo;
	long present;
	long offline;
	long hwpoison;
	long free;
};

/* 0 or -errno. */
int census_take(int node, struct census *census);

/* Store the numbers of the node's blocks, in order.  Returns how many. */
int census_blocks(int node, int *blocks, int size);

bool census_block_is_online(int block);

#endif /* CENSUS_H */
