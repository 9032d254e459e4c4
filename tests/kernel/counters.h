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

/* Free blocks by order, all zones; @bytes is what they hold together. */
struct buddy {
	long blocks[BUDDY_ORDERS];
	long bytes;
};

/* Folds the per-CPU remainders in first: exact when nobody else allocates. */
int buddy_read(struct buddy *buddy);

#endif /* COUNTERS_H */
