/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One way through a range of page frames.
 */
#ifndef MEMSCAN_WALK_H
#define MEMSCAN_WALK_H

#include "hit.h"
#include "range.h"
#include "skip.h"

/**
 * struct memscan_walk - a thread goes through a range
 * @who: the thread, as it is called in the log and in sysfs
 * @nid: pages of this node only, or NUMA_NO_NODE for all
 * @scope: which of the pages
 * @range: where from and to
 * @pfn: the next one
 * @pages: how many there were for each reason; READ are those read
 * @hits: how many of these were hits
 *
 * Owned by the thread; others read single figures.
 */
struct memscan_walk {
	char who[16];
	int nid;
	enum memscan_scope scope;
	struct memscan_range range;
	unsigned long pfn;
	u64 pages[MEMSCAN_REASONS];
	u64 hits;
};

/**
 * struct memscan_totals - what a thread found since it exists
 * @read_bytes: read
 * @hits: by outcome
 * @last_hit_pfn: base page of the last one
 * @last_hit_seconds: when, since the epoch; 0 if there was none
 */
struct memscan_totals {
	u64 read_bytes;
	u64 hits[MEMSCAN_OUTCOMES];
	u64 last_hit_pfn;
	u64 last_hit_seconds;
};

/* What all threads obey at once. */
extern bool memscan_paused;
extern unsigned int memscan_max_hits;

void memscan_walk_start(struct memscan_walk *walk, struct memscan_range range);
bool memscan_walk_done(const struct memscan_walk *walk);
u64 memscan_walk_present(const struct memscan_walk *walk);
void memscan_walk_burst(struct memscan_walk *walk,
			struct memscan_totals *totals);

#endif /* MEMSCAN_WALK_H */
