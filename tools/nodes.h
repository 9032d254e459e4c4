/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's figures on memory errors since boot: errors by NUMA node and
 * outcome (Linux 6.3 and later), and how much memory is poisoned.
 */
#ifndef MFR_NODES_H
#define MFR_NODES_H

#include <stddef.h>
#include <stdint.h>

#include "unread.h"

enum outcome { RECOVERED, DELAYED, IGNORED, FAILED, N_OUTCOMES };

extern const char *const outcome_names[N_OUTCOMES];

struct node {
	unsigned int id;
	uint64_t total;		/* or COUNT_UNKNOWN */
	uint64_t by_outcome[N_OUTCOMES];
};

struct nodes {
	struct unread unread;	/* -ENOENT: the kernel does not count by node */
	size_t n;
	struct node *node;	/* by id */
};

/* HardwareCorrupted of /proc/meminfo. */
struct corrupted {
	int err;
	uint64_t bytes;
	uint64_t restored_bytes;	/* of these (restored.h); at most bytes */
};

void nodes_read(struct nodes *nodes);
void nodes_free(struct nodes *nodes);
void corrupted_read(struct corrupted *corrupted);

#endif /* MFR_NODES_H */
