/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that reads: one for the memory of each node, one for ranges on
 * demand.
 */
#ifndef MEMSCAN_SCAN_H
#define MEMSCAN_SCAN_H

#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "nearby.h"
#include "pace.h"
#include "walk.h"

struct task_struct;

enum memscan_state {
	MEMSCAN_IDLE,
	MEMSCAN_SCANNING,
	MEMSCAN_PAUSED,
	MEMSCAN_REFUSED,
	MEMSCAN_STOPPED,
};

/**
 * struct memscan_pass - figures of a pass that came to its end
 * @start_seconds: since the epoch
 * @end_seconds: since the epoch
 * @scope: which pages it was to read
 * @hits: words that trapped on poison
 * @pages: for each reason; READ are those read
 */
struct memscan_pass {
	u64 start_seconds;
	u64 end_seconds;
	enum memscan_scope scope;
	u64 hits;
	u64 pages[MEMSCAN_REASONS];
};

/**
 * struct memscan_nearby_totals - blocks near hits, since the module was loaded
 * @blocks: of 2 MiB, that were read
 * @hits: in these
 */
struct memscan_nearby_totals {
	u64 blocks;
	u64 hits;
};

/**
 * struct memscan_scan - a thread that reads
 * @nid: the node whose memory it reads for ever, or NUMA_NO_NODE for the one
 *	that goes once through the range that it is given
 * @kobj: its directory in sysfs
 * @released: nobody uses @kobj any more
 * @thread: reads
 * @wake: where @thread waits
 * @news: a setting has changed
 *
 * @order_lock: protects @wanted, @fresh and @range
 *
 * Settings, written by sysfs:
 * @wanted: is to read; @thread takes it back at the end of what is done once,
 *	and after too many hits
 * @fresh: start from the beginning; @thread takes it
 * @range: where to, on demand; does not change while @wanted
 * @scope: which pages, from the next pass on
 * @cycle_seconds: time for a full pass; 0 on demand: as soon as possible
 * @max_cpu_percent: of one CPU, at most
 *
 * Figures, written by @thread alone, as plain words that sysfs reads with
 * READ_ONCE() or acquires; @state has WRITE_ONCE(), as @wanted and @fresh have:
 * @state: what it does right now
 * @under_way: a pass has begun and not ended
 * @walk: where it is, and figures of this pass; its hits include those of
 *	@nearby_walk
 * @nearby: what to read soon, outside of the order; nodes only
 * @nearby_walk: the block of @nearby under way
 * @nearby_totals: figures of these
 * @activity: what is known of the load of the node
 * @progress: the last burst of the pass
 * @burst_end_ns: when that ended, 0 if there is nothing to rest from
 * @start_ns: when the pass started, by the clock that counts suspend
 * @start_seconds: the same since the epoch
 * @totals: read and found since the module was loaded
 * @last: the last full pass
 * @passes: full passes
 * @late_seconds: by how much these exceeded @cycle_seconds, in total
 * @rate_bytes_per_second: of this pass so far
 */
struct memscan_scan {
	int nid;
	struct kobject kobj;
	struct completion released;
	struct task_struct *thread;
	wait_queue_head_t wake;
	bool news;
	spinlock_t order_lock; /* protects @wanted, @fresh, @range */

	bool wanted;
	bool fresh;
	struct memscan_range range;
	unsigned int scope;
	unsigned int cycle_seconds;
	unsigned int max_cpu_percent;

	enum memscan_state state;
	bool under_way;
	struct memscan_walk walk;
	struct memscan_nearby nearby;
	struct memscan_walk nearby_walk;
	struct memscan_nearby_totals nearby_totals;
	struct memscan_activity activity;
	struct memscan_progress progress;
	u64 burst_end_ns;
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

int memscan_scan_start(struct memscan_scan *scan, struct memscan_range range);
void memscan_scan_stop(struct memscan_scan *scan);
void memscan_scan_wake(struct memscan_scan *scan);
int memscan_scan_state_show(const struct memscan_scan *scan, char *buf);

#endif /* MEMSCAN_SCAN_H */
