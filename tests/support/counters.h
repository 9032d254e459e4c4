/* SPDX-License-Identifier: GPL-2.0-only */
/* The system's counters of memory errors and of free memory. */
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
	long percpu_bytes;		/* in per-CPU lists, not in @blocks */
	long bytes;			/* the sum of both */
};

/* Exact only while nothing else allocates. */
int buddy_read(struct buddy *buddy);

/* Size of the movable zones: all memory in them, free or used. */
long movable_bytes(void);

#endif /* COUNTERS_H */
