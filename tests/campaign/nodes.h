/* SPDX-License-Identifier: GPL-2.0-only */
/* Which node has which page frames, and what it has in its pools. */
#ifndef NODES_H
#define NODES_H

#include <stddef.h>

#define NODES_MAX	4

struct node_pool {
	long nr, free, surplus;
};

/* Pool of one size of huge pages; the sums are those of the system. */
struct pools {
	long nr, free, resv, surplus;
	struct node_pool node[NODES_MAX];
};

/* Read the system's layout; 0 or -errno. */
int nodes_init(void);

int nodes_count(void);

/*
 * New memory of this process comes from the node, if that has some: else it
 * would depend on the CPU that it happens to run on.  0 or -errno.
 */
int nodes_prefer(int node);

int node_of_pfn(unsigned long pfn);
unsigned long nodes_end_pfn(void);

int pools_read(size_t size, struct pools *pools);

#endif /* NODES_H */
