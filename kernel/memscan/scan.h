/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that read memory, one per node.
 */
#ifndef MEMSCAN_SCAN_H
#define MEMSCAN_SCAN_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include "coverage.h"
#include "limit.h"
#include "nearby.h"
#include "pace.h"
#include "walk.h"

struct task_struct;

enum memscan_state {
	MEMSCAN_IDLE,
	MEMSCAN_SCANNING,
	MEMSCAN_PAUSED,
	MEMSCAN_REFUSED,
	MEMSCAN_WAITING,
};

/**
 * struct memscan_pass - figures of a completed pass
 * @start_seconds: its start, since the epoch
 * @end_seconds: its end, since the epoch
 * @scope: which pages it was to read
 * @hits: words that trapped on poison
 * @pages: number of pages by reason; READ are those that were read
 */
struct memscan_pass {
	u64 start_seconds;
	u64 end_seconds;
	enum memscan_scope scope;
	u64 hits;
	u64 pages[MEMSCAN_REASONS];
};

/**
 * struct memscan_nearby_totals - blocks read ahead of the pass, in total
 * @blocks: number of blocks of 2 MiB
 * @hits: hits in them
 */
struct memscan_nearby_totals {
	u64 blocks;
	u64 hits;
};

/**
 * struct memscan_scan - a thread that reads memory
 * @nid: the node that it reads continuously
 * @kobj: its directory in sysfs
 * @released: completed when @kobj has no users left
 * @thread: the thread, with a reference that outlives it
 * @news: a setting has changed
 *
 * Settings, written by sysfs:
 * @wanted: whether to read
 * @fresh: start a new pass; @thread clears it
 * @scope: which pages to read, from the next pass on
 * @cycle_seconds: time for a full pass
 * @action: what to do at a hit
 * @max_cpu_percent: upper limit on the share of one CPU
 *
 * Figures. Only @thread writes them, as plain word-sized stores, and sysfs
 * reads them with READ_ONCE() or smp_load_acquire(). Flags that others write as
 * well, and @state, have WRITE_ONCE() or an atomic operation throughout.
 * @state: what the thread is doing
 * @under_way: a pass has begun and not ended
 * @coverage: when each part of the node was last read
 * @walk: position and figures of this pass; its hits include @nearby_walk's
 * @limit: hits so far, of which there may be so many
 * @nearby: blocks to read ahead of the pass
 * @nearby_walk: the block of @nearby under way
 * @nearby_totals: figures of these blocks
 * @activity: what is known of the node's load
 * @progress: progress of the pass as of its last burst
 * @burst_end_ns: end of that burst; 0 if no wait is due
 * @budget: CPU time used under @max_cpu_percent
 * @asked_ns: when the sysctl was last read
 * @start_ns: start of the pass, by the clock that includes suspend
 * @start_seconds: start of the pass, since the epoch
 * @totals: what was read and found since the module was loaded
 * @last: the last completed pass
 * @passes: number of completed passes
 * @late_seconds: seconds by which they exceeded @cycle_seconds, in total
 * @rate_bytes_per_second: average rate of this pass so far
 */
struct memscan_scan {
	int nid;
	struct kobject kobj;
	struct completion released;
	struct task_struct *thread;
	bool news;
	bool wanted;
	bool fresh;
	unsigned int scope;
	unsigned int cycle_seconds;
	unsigned int max_cpu_percent;
	struct memscan_action action;

	enum memscan_state state;
	bool under_way;
	struct memscan_coverage coverage;
	struct memscan_walk walk;
	struct memscan_limit limit;
	struct memscan_nearby nearby;
	struct memscan_walk nearby_walk;
	struct memscan_nearby_totals nearby_totals;
	struct memscan_activity activity;
	struct memscan_progress progress;
	u64 burst_end_ns;
	struct memscan_budget budget;
	u64 asked_ns;
	u64 start_ns;
	u64 start_seconds;
	struct memscan_totals totals;
	struct memscan_pass last;
	u64 passes;
	u64 late_seconds;
	u64 rate_bytes_per_second;
};

struct memscan_scan *memscan_scan_create(int nid);
void memscan_scan_destroy(struct memscan_scan *scan);

void memscan_scan_start(struct memscan_scan *scan);
void memscan_scan_stop(struct memscan_scan *scan);
void memscan_scan_wake(struct memscan_scan *scan);
u64 memscan_scan_age(struct memscan_scan *scan);
int memscan_scan_state_show(const struct memscan_scan *scan, char *buf);

#endif /* MEMSCAN_SCAN_H */
