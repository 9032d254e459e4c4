/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ranges of page frames, which of their pages are read, and the walk through
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

/*
 * ABSENT, OTHER_NODE and NOT_RAM are not present pages of the node. Each
 * present page is read, or skipped for one of the other reasons. Only the trap
 * of the load reveals UNMAPPED.
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
	MEMSCAN_SKIP_BROKEN,
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
 * struct memscan_page - what decides whether a page is read
 * @online: has a struct page and is online memory
 * @other_node: belongs to another node with an overlapping span
 * @ram: the firmware calls it memory
 * @leaving: about to be taken offline
 * @offline: in a balloon, or an unplugged part of a virtio-mem device
 * @hwpoison: marked as poisoned, or part of a huge page that is
 * @known: had a hit before, but is not marked: a raw page of a kept huge page, or
 *	what was reported and is still in use, or could not be isolated
 * @broken: in a block that had too many hits
 * @hugetlb: part of a HugeTLB folio, in use or free
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
	bool broken;
	bool hugetlb;
	bool free;
};

enum memscan_reason memscan_skip_reason(const struct memscan_page *page,
					enum memscan_scope scope);

/**
 * struct memscan_walk - a walk through a range, which can begin in its middle
 * @who: name of the scan in the log and in sysfs
 * @nid: read pages of this node only, or of all nodes if NUMA_NO_NODE
 * @scope: which of these pages to read
 * @range: the range, or what it has from the page frame on where it begins
 * @rest: what it has before that, to be walked afterwards
 * @done: page frames before @range that were walked
 * @pfn: the next page frame
 * @broken: a block that had too many hits, or what follows its last
 * @action: what to do at a hit
 * @pages: number of pages by reason; READ are those that were read
 * @hits: number of pages with a hit
 *
 * Owned by the thread; others only read single figures.
 */
struct memscan_walk {
	char who[16];
	int nid;
	enum memscan_scope scope;
	struct memscan_range range;
	struct memscan_range rest;
	unsigned long done;
	unsigned long pfn;
	struct memscan_range broken;
	struct memscan_action action;
	u64 pages[MEMSCAN_REASONS];
	u64 hits;
};

/**
 * struct memscan_totals - what a thread has read and found in total
 * @read_bytes: bytes read
 * @hits: number of hits by outcome
 * @last_outcome: of the last hit
 * @last_hit_pfn: its base page
 * @last_hit_seconds: its time since the epoch; 0 if there was none
 */
struct memscan_totals {
	u64 read_bytes;
	u64 hits[MEMSCAN_OUTCOMES];
	enum memscan_outcome last_outcome;
	u64 last_hit_pfn;
	u64 last_hit_seconds;
};

/* Settings of all threads. */
extern bool memscan_paused;
extern unsigned int memscan_max_hits;
extern unsigned int memscan_max_hits_per_minute;

void memscan_walk_start(struct memscan_walk *walk, struct memscan_range range,
			unsigned long pfn);
void memscan_walk_turn(struct memscan_walk *walk);
unsigned int memscan_walk_percent(const struct memscan_walk *walk);
bool memscan_walk_done(const struct memscan_walk *walk);
u64 memscan_walk_present(const struct memscan_walk *walk);
void memscan_walk_burst(struct memscan_walk *walk,
			struct memscan_totals *totals);

#endif /* MEMSCAN_WALK_H */
