/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How fast to read: the pace that the load of a node asks for, the wait after a
 * burst that follows from the time for a full pass, and the CPU cap.
 */
#ifndef MEMSCAN_PACE_H
#define MEMSCAN_PACE_H

#include <linux/time64.h>
#include <linux/types.h>

/* Size limit of a burst: larger ones evict more from the caches. */
#define MEMSCAN_BURST_BYTES	(4UL << 20)

/*
 * NORMAL: a share of the bytes in the same share of the time. SLOW: half as
 * fast, because the memory is busy.
 */
enum memscan_pace {
	MEMSCAN_PACE_NORMAL,
	MEMSCAN_PACE_SLOW,
	MEMSCAN_PACES,
};

/**
 * struct memscan_target - what the settings ask for
 * @cycle_ns: time for a full pass
 * @total_bytes: amount of memory that a full pass covers
 */
struct memscan_target {
	u64 cycle_ns;
	u64 total_bytes;
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

bool memscan_is_slow(u64 burst_ns, u64 burst_pages, u64 usual_ns,
		     u64 usual_pages);
u64 memscan_wait_ns(const struct memscan_target *target,
		    const struct memscan_progress *progress);

/**
 * struct memscan_budget - CPU time used under a cap
 * @percent: the cap, a share of one CPU, 1 to 100; 0 before the first use
 * @start_ns: time from which on it counts
 * @start_used_ns: CPU time that the thread had used then
 */
struct memscan_budget {
	unsigned int percent;
	u64 start_ns;
	u64 start_used_ns;
};

/* Time that was allowed and not used, and may be used later. */
#define MEMSCAN_CREDIT_NS	(10 * NSEC_PER_MSEC)

u64 memscan_budget_wait_ns(struct memscan_budget *budget, unsigned int percent,
			   u64 now_ns, u64 used_ns);
u64 memscan_cpu_time_ns(void);

/**
 * struct memscan_activity - what is known of the load of a node
 * @pass_ns: time that the bursts of this pass took
 * @pass_pages: pages that they read
 * @usual_ns: @pass_ns of the previous pass
 * @usual_pages: @pass_pages of the previous pass
 */
struct memscan_activity {
	u64 pass_ns;
	u64 pass_pages;
	u64 usual_ns;
	u64 usual_pages;
};

enum memscan_pace memscan_pace_of(struct memscan_activity *activity,
				  u64 burst_ns, u64 burst_pages);
void memscan_activity_new_pass(struct memscan_activity *activity);

#endif /* MEMSCAN_PACE_H */
