/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast to read: the pace that the load of a node asks for, and the wait
 * after a burst that follows from the time for a full pass.
 */
#ifndef MEMSCAN_PACE_H
#define MEMSCAN_PACE_H

#include <linux/types.h>

/* Size limit of a burst: larger ones evict more from the caches. */
#define MEMSCAN_BURST_BYTES	(4UL << 20)

/*
 * NORMAL: a share of the bytes in the same share of the time. FAST: twice as
 * fast, because the CPUs are idle. SLOW: half as fast, because the memory is
 * busy.
 */
enum memscan_pace {
	MEMSCAN_PACE_NORMAL,
	MEMSCAN_PACE_FAST,
	MEMSCAN_PACE_SLOW,
	MEMSCAN_PACES,
};

/**
 * struct memscan_target - what the settings ask for
 * @cycle_ns: time for a full pass; 0: as soon as the CPU cap allows
 * @total_bytes: amount of memory that a full pass covers
 * @max_cpu_percent: share of one CPU, 1 to 100
 */
struct memscan_target {
	u64 cycle_ns;
	u64 total_bytes;
	unsigned int max_cpu_percent;
};

/**
 * struct memscan_progress - how far a pass is
 * @pace: what the load of the node asks for
 * @elapsed_ns: time since the pass started
 * @done_bytes: memory that the pass has covered, read or skipped
 * @burst_bytes: share of @done_bytes from the last burst
 * @burst_ns: time that the last burst took
 */
struct memscan_progress {
	enum memscan_pace pace;
	u64 elapsed_ns;
	u64 done_bytes;
	u64 burst_bytes;
	u64 burst_ns;
};

/**
 * struct memscan_idleness - what the CPUs did during an interval
 * @wall_us: length of the interval
 * @cpus: number of CPUs
 * @idle_us: time for which they were idle, summed up
 * @own_us: time for which they read for us
 */
struct memscan_idleness {
	u64 wall_us;
	unsigned int cpus;
	u64 idle_us;
	u64 own_us;
};

bool memscan_is_idle(const struct memscan_idleness *was);
bool memscan_is_slow(u64 burst_ns, u64 burst_pages, u64 usual_ns,
		     u64 usual_pages);
u64 memscan_wait_ns(const struct memscan_target *target,
		    const struct memscan_progress *progress);

/**
 * struct memscan_activity - what is known of the load of a node
 * @since_ns: time of the last sample of the CPUs' idle time
 * @idle_us: their idle time at that sample, summed up
 * @own_ns: time for which we have read since then
 * @idle: whether that sample found the CPUs idle
 * @pass_ns: time that the bursts of this pass took
 * @pass_pages: pages that they read
 * @usual_ns: @pass_ns of the previous pass
 * @usual_pages: @pass_pages of the previous pass
 */
struct memscan_activity {
	u64 since_ns;
	u64 idle_us;
	u64 own_ns;
	bool idle;
	u64 pass_ns;
	u64 pass_pages;
	u64 usual_ns;
	u64 usual_pages;
};

enum memscan_pace memscan_pace_of(struct memscan_activity *activity, int nid,
				  u64 burst_ns, u64 burst_pages);
void memscan_activity_new_pass(struct memscan_activity *activity);

#endif /* MEMSCAN_PACE_H */
