// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast to read.
 *
 * A pass at the normal pace covers a share of the memory in the same share of
 * its time. A late pass waits only as long as the CPU cap demands; the cap
 * always applies. A pass that is ahead keeps its even pace instead of pausing.
 * Busy memory halves the speed, never more, so that a pass takes at most twice
 * its time, CPU cap aside.
 */

#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include "pace.h"

/* The memory is busy if reading takes this many times as long as usual. */
#define SLOW_FACTOR	2
/* The time of a burst that reads fewer pages means little. */
#define LEAST_PAGES	256

/* Did a burst take long, compared with what its pages usually take? */
bool memscan_is_slow(u64 burst_ns, u64 burst_pages, u64 usual_ns,
		     u64 usual_pages)
{
	if (!usual_pages)
		return false;
	return burst_ns > mul_u64_u64_div_u64(SLOW_FACTOR * burst_pages,
					      usual_ns, usual_pages);
}

/*
 * The time at which @bytes are due. @bytes can exceed the total if memory has
 * gone offline. Not clamped with min(): x86's mul_u64_u64_div_u64(a, b, c) is
 * wrong where the compiler knows that a is c and uses one register for both.
 */
static u64 due_ns(const struct memscan_target *target, u64 bytes)
{
	if (bytes >= target->total_bytes)
		return target->cycle_ns;
	return mul_u64_u64_div_u64(bytes, target->cycle_ns, target->total_bytes);
}

static u64 less(u64 from, u64 what)
{
	return from > what ? from - what : 0;
}

/**
 * memscan_wait_ns - how long to wait after a burst
 * @target: what the settings ask for
 * @progress: how far the pass is
 */
u64 memscan_wait_ns(const struct memscan_target *target,
		    const struct memscan_progress *progress)
{
	u64 share = due_ns(target, progress->burst_bytes);
	u64 wait = min(share, less(due_ns(target, progress->done_bytes),
				   progress->elapsed_ns));

	if (progress->pace == MEMSCAN_PACE_SLOW)
		wait = max(wait, less(2 * share, progress->burst_ns));
	return wait;
}

/**
 * memscan_budget_wait_ns - how long the CPU cap demands to wait
 * @budget: what was used so far, which this updates
 * @percent: the cap; a change starts the budget anew
 * @now_ns: the time
 * @used_ns: CPU time that the thread has used so far
 *
 * All that the thread does counts, its sleeping and waking too. A wait that
 * became too long is made up for, up to MEMSCAN_CREDIT_NS.
 */
u64 memscan_budget_wait_ns(struct memscan_budget *budget, unsigned int percent,
			   u64 now_ns, u64 used_ns)
{
	u64 elapsed, due;

	if (budget->percent != percent)
		*budget = (struct memscan_budget){ percent, now_ns, used_ns };
	elapsed = now_ns - budget->start_ns;
	due = div_u64(less(used_ns, budget->start_used_ns) * 100, percent);
	if (due > elapsed)
		return due - elapsed;
	budget->start_ns += less(elapsed - due, MEMSCAN_CREDIT_NS);
	return 0;
}

/*
 * CPU time of the current thread, which may sleep. The scheduler updates it when
 * it runs, hence the call; the time that has passed says little if others share
 * the CPU.
 */
u64 memscan_cpu_time_ns(void)
{
	schedule();
	schedule();
	return current->se.sum_exec_runtime;
}

/*
 * What the load of the node asks for.
 *
 * A module has no portable access to the counters of memory controllers, so our
 * own loads are the measure: they take longer if the memory is busy. They also
 * take longer if the CPU was given to others meanwhile, and then slowing down
 * is right as well.
 */

static bool took_long(struct memscan_activity *activity, u64 burst_ns,
		      u64 burst_pages)
{
	if (burst_pages < LEAST_PAGES)
		return false;
	activity->pass_ns += burst_ns;
	activity->pass_pages += burst_pages;
	if (activity->usual_pages)
		return memscan_is_slow(burst_ns, burst_pages, activity->usual_ns,
				       activity->usual_pages);
	return memscan_is_slow(burst_ns, burst_pages, activity->pass_ns,
			       activity->pass_pages);
}

/**
 * memscan_pace_of - the pace to continue at after a burst
 * @activity: what is known of the node's load, which this updates
 * @burst_ns: time that the burst took
 * @burst_pages: pages that it read; 0 if its time means nothing
 */
enum memscan_pace memscan_pace_of(struct memscan_activity *activity,
				  u64 burst_ns, u64 burst_pages)
{
	return took_long(activity, burst_ns, burst_pages) ?
	       MEMSCAN_PACE_SLOW : MEMSCAN_PACE_NORMAL;
}

/* Follow with a delay of one pass what is usual, so no pace is slow forever. */
void memscan_activity_new_pass(struct memscan_activity *activity)
{
	if (activity->pass_pages) {
		activity->usual_ns = activity->pass_ns;
		activity->usual_pages = activity->pass_pages;
	}
	activity->pass_ns = 0;
	activity->pass_pages = 0;
}
