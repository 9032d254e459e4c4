/* SPDX-License-Identifier: GPL-2.0-only */
/* What the system counts of memory errors and of free memory. */
#ifndef COUNTERS_H
#define COUNTERS_H

/* Per-node figures are sums over all nodes. */
struct error_counters {
	long corrupted_kb;	/* HardwareCorrupted of /proc/meminfo */
	long total, recovered, failed, ignored, delayed;
};

void error_counters_read(struct error_counters *counters);

#define BUDDY_ORDERS	11

/* Free memory of all zones. */
struct buddy {
	long blocks[BUDDY_ORDERS];	/* free blocks by order */
	long percpu_bytes;		/* in per-CPU lists, in no block */
	long bytes;			/* all of it */
};

/* Exact while nobody else allocates. */
int buddy_read(struct buddy *buddy);

/* What the movable zones have, free or not. */
long movable_bytes(void);

#endif /* COUNTERS_H */
