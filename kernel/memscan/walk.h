/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of page frames, which pages of them are read, and one way through
 * them.
 */
#ifndef MEMSCAN_WALK_H
#define MEMSCAN_WALK_H

#include <linux/types.h>
#include "memscan.h"

/* Page frames [start, end). */
struct memscan_range {
	unsigned long start;
	unsigned long end;
};

bool memscan_range_has(const struct memscan_range *range, unsigned long pfn);
unsigned long memscan_range_next(unsigned long pfn, unsigned long step,
				 unsigned long end);
unsigned int memscan_range_percent(const struct memscan_range *range,
				   unsigned long pfn);

/*
 * The first three are not present pages of the node; of those that are, each
 * is read or skipped for one of the other reasons. UNMAPPED is only known by
 * the trap of the load.
 */
enum memscan_reason {
	MEMSCAN_READ,
	MEMSCAN_SKIP_ABSENT,
	MEMSCAN_SKIP_OTHER_NODE,
	MEMSCAN_SKIP_NOT_RAM,
	MEMSCAN_SKIP_LEAVING,
	MEMSCAN_SKIP_OFFLINE,
	MEMSCAN_SKIP_HWPOISON,
	MEMSCAN_SKIP_KNOWN,
	MEMSCAN_SKIP_SCOPE,
	MEMSCAN_SKIP_UNMAPPED,
	MEMSCAN_REASONS,
};

enum memscan_scope {
	MEMSCAN_SCOPE_ALL,
	MEMSCAN_SCOPE_HUGETLB,
	MEMSCAN_SCOPE_NOHUGETLB,
	MEMSCAN_SCOPE_FREE,
	MEMSCAN_SCOPES,
};

/**
 * struct memscan_page - what the rules look at
 * @online: has a struct page, and the kernel uses it as memory
 * @other_node: belongs to another node whose span overlaps
 * @ram: the firmware calls it memory
 * @leaving: about to be taken offline
 * @offline: a balloon's, or an unplugged part of a virtio-mem device
 * @hwpoison: the kernel knows it as poisoned, or the huge page around it
 * @known: poison was found before, and the kernel does not mark it: a raw page
 *	of a kept huge page
 * @hugetlb: part of a HugeTLB folio, used or not
 * @free: in the buddy allocator
 */
struct memscan_page {
	bool online;
	bool other_node;
	bool ram;
	bool leaving;
	bool offline;
	bool hwpoison;
	bool known;
	bool hugetlb;
	bool free;
};

enum memscan_reason memscan_skip_reason(const struct memscan_page *page,
					enum memscan_scope scope);

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
