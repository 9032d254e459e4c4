// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast to read.
 *
 * A pass at the normal pace covers a share of the memory in the same share of
 * its time. A late pass waits only as long as the CPU cap demands; the cap
 * always applies. A pass that is ahead keeps its even pace instead of pausing.
 * The load of the node doubles or halves the speed, never more, so that a pass
 * takes at most twice its time, CPU cap aside.
 */

#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/tick.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include "pace.h"

/* The CPUs are idle above this share of their time. */
#define IDLE_PERCENT	90
/* The memory is busy if reading takes this many times as long as usual. */
#define SLOW_FACTOR	2
/* Shorter samples of idle time mean little. */
#define IDLE_SAMPLE_NS	(100 * NSEC_PER_MSEC)
/* So do bursts that read fewer pages. */
#define LEAST_PAGES	256

/* Were the CPUs idle, apart from our own reading? */
bool memscan_is_idle(const struct memscan_idleness *was)
{
	u64 all_us = was->wall_us * was->cpus;

	return all_us && was->idle_us + was->own_us >=
			 mul_u64_u64_div_u64(all_us, IDLE_PERCENT, 100);
}

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

/* The wait that the CPU cap demands after a burst of @burst_ns. */
static u64 cap_ns(const struct memscan_target *target, u64 burst_ns)
{
	return div_u64(burst_ns * (100 - target->max_cpu_percent),
		       target->max_cpu_percent);
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

	if (progress->pace == MEMSCAN_PACE_FAST)
		wait /= 2;
	if (progress->pace == MEMSCAN_PACE_SLOW)
		wait = max(wait, less(2 * share, progress->burst_ns));
	return max(wait, cap_ns(target, progress->burst_ns));
}

/*
 * What the load of the node asks for.
 *
 * A module has no portable access to the counters of memory controllers, so our
 * own loads are the measure: they take longer if the memory is busy. They also
 * take longer if the CPU was given to others meanwhile, and then slowing down
 * is right as well.
 */

/* A node without CPUs is read by any CPU. */
static const struct cpumask *cpus_near(int nid)
{
	const struct cpumask *near = cpumask_of_node(nid);

	return cpumask_intersects(near, cpu_online_mask) ? near :
							   cpu_online_mask;
}

/* False if the kernel does not account idle time, as its ticks never stop. */
static bool idle_time_us(int nid, u64 *idle_us, unsigned int *cpus)
{
	u64 us;
	int cpu;

	*idle_us = 0;
	*cpus = 0;
	for_each_cpu_and(cpu, cpus_near(nid), cpu_online_mask) {
		us = get_cpu_idle_time_us(cpu, NULL);
		if (us == -1ULL)
			return false;
		*idle_us += us;
		++*cpus;
	}
	return true;
}

static void sample_idle_time(struct memscan_activity *activity, int nid)
{
	u64 now = ktime_get_ns(), idle_us;
	struct memscan_idleness was = {
		.wall_us = div_u64(now - activity->since_ns, NSEC_PER_USEC),
		.own_us = div_u64(activity->own_ns, NSEC_PER_USEC),
	};

	if (now - activity->since_ns < IDLE_SAMPLE_NS)
		return;
	activity->idle = false;
	if (!idle_time_us(nid, &idle_us, &was.cpus))
		return;
	/* A CPU that went offline takes its idle time with it. */
	was.idle_us = idle_us > activity->idle_us ?
		      idle_us - activity->idle_us : 0;
	/* The first sample only starts the interval. */
	activity->idle = activity->since_ns && memscan_is_idle(&was);
	activity->since_ns = now;
	activity->idle_us = idle_us;
	activity->own_ns = 0;
}

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
 * @nid: the node
 * @burst_ns: time that the burst took
 * @burst_pages: pages that it read; 0 if its time means nothing
 */
enum memscan_pace memscan_pace_of(struct memscan_activity *activity, int nid,
			       u64 burst_ns, u64 burst_pages)
{
	bool slow = took_long(activity, burst_ns, burst_pages);

	activity->own_ns += burst_ns;
	sample_idle_time(activity, nid);
	if (slow)
		return MEMSCAN_PACE_SLOW;
	return activity->idle ? MEMSCAN_PACE_FAST : MEMSCAN_PACE_NORMAL;
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
