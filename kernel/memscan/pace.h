/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast to read: the pace that the load of a node asks for, and from the time
 * for a full pass to the wait after a burst.
 */
#ifndef MEMSCAN_PACE_H
#define MEMSCAN_PACE_H

#include <linux/types.h>

/* Read at most so much at once: larger bursts push more out of the caches. */
#define MEMSCAN_BURST_BYTES	(4UL << 20)

/*
 * NORMAL: a share of the bytes in the same share of the time. AHEAD: twice as
 * fast, nobody needs the CPUs. SLOW: half as fast, somebody needs the memory.
 */
enum memscan_pace {
	MEMSCAN_PACE_NORMAL,
	MEMSCAN_PACE_FAST,
	MEMSCAN_PACE_SLOW,
	MEMSCAN_PACES,
};

/**
 * struct memscan_target - what is wanted
 * @cycle_ns: time for a full pass; 0: as little as may be
 * @total_bytes: what a full pass goes over
 * @max_cpu_percent: 1 to 100, of one CPU
 */
struct memscan_target {
	u64 cycle_ns;
	u64 total_bytes;
	unsigned int max_cpu_percent;
};

/**
 * struct memscan_progress - what is
 * @pace: what the load of the machine asks for
 * @elapsed_ns: since the pass started
 * @done_bytes: what the pass is through with, read or not
 * @burst_bytes: of these, what the last burst added
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
 * struct memscan_idleness - what the CPUs did for a while
 * @wall_us: how long that was
 * @cpus: how many they are
 * @idle_us: of these times the CPUs were idle for, in all
 * @own_us: or read for us
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
 * @since_ns: when the idle time was sampled last
 * @idle_us: how long they had been idle then, in all
 * @own_ns: how long we have read since
 * @idle: what that sample said
 * @pass_ns: time that bursts of this pass took
 * @pass_pages: what these read
 * @usual_ns: the same of the pass before
 * @usual_pages: the same of the pass before
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
