/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What does the load of the machine ask for: are the CPUs of a node idle, or
 * is its memory busy?
 */
#ifndef MEMSCAN_ACTIVITY_H
#define MEMSCAN_ACTIVITY_H

#include "pace.h"

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

#endif /* MEMSCAN_ACTIVITY_H */
