/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The base pages of a node, counted by what the kernel says of them elsewhere:
 * what a pass over the node has to come to.
 */
#ifndef CENSUS_H
#define CENSUS_H

#include <stdbool.h>
#include <stdint.h>

/* A block of memory is that large on x86-64 up to 64 GiB. */
#define BLOCK_BYTES	(128UL << 20)

/**
 * struct census - base pages
 * @zoneinfo: present, as /proc/zoneinfo has it
 * @present: are in online blocks and memory, as /proc/kpageflags, /proc/iomem
 *	and the node's directory in sysfs have it
 * @offline: of these, are ballooned or unplugged
 * @hwpoison: of these, are known as poisoned
 * @free: of these, are in the buddy allocator
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

/* Numbers of the node's blocks, in order; how many there are. */
int census_blocks(int node, int *blocks, int size);

bool census_block_is_online(int block);

#endif /* CENSUS_H */
