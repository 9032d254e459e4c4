// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast to read.
 *
 * The pace is even: through with a share of the bytes after the same share of
 * the time. Who is late waits no longer than the CPU cap asks for, which holds
 * always. Who is ahead goes on evenly, and does not stop for others to catch
 * up. The load of the machine makes it twice as fast or half as fast; never
 * slower, so that a pass takes its time twice at most, but for the CPU cap.
 */

#include <linux/cpumask.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/tick.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include "pace.h"

/* Of the time of the CPUs, to call them idle. */
#define IDLE_PERCENT	90
/* So many times what reading takes usually, to call the memory busy. */
#define SLOW_FACTOR	2
/* Shorter samples of idle times say little. */
#define IDLE_SAMPLE_NS	(100 * NSEC_PER_MSEC)
/* Nor do bursts that read less. */
#define LEAST_PAGES	256

/* Did the CPUs nothing but wait, and read for us? */
bool memscan_is_idle(const struct memscan_idleness *was)
{
	u64 all_us = was->wall_us * was->cpus;

	return all_us && was->idle_us + was->own_us >=
			 mul_u64_u64_div_u64(all_us, IDLE_PERCENT, 100);
}

/* Did a burst take long, next to what so many pages usually take? */
bool memscan_is_slow(u64 burst_ns, u64 burst_pages, u64 usual_ns,
		     u64 usual_pages)
{
	if (!usual_pages)
		return false;
	return burst_ns > mul_u64_u64_div_u64(SLOW_FACTOR * burst_pages,
					      usual_ns, usual_pages);
}

/*
 * When @bytes are due. More than all, should memory have gone, is all. Not by
 * min(): x86's mul_u64_u64_div_u64(a, b, c) is wrong where the compiler knows
 * that a is c, and takes one register for both.
 */
static u64 due_ns(const struct memscan_target *target, u64 bytes)
{
	if (bytes >= target->total_bytes)
		return target->cycle_ns;
	return mul_u64_u64_div_u64(bytes, target->cycle_ns, target->total_bytes);
}

/* What is left of the time for others when a burst took @burst_ns. */
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
 * @target: what is wanted
 * @progress: what is
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
 * What the load of the machine asks for.
 *
 * No module may ask for a memory controller's counters in a way that holds for
 * all of them. Our own loads are the measure: they take longer when the memory
 * is busy. They take longer too when the CPU is given to others meanwhile, and
 * then it is as well to be slow.
 */

/* A node without CPUs of its own is read by any. */
static const struct cpumask *cpus_near(int nid)
{
	const struct cpumask *near = cpumask_of_node(nid);

	return cpumask_intersects(near, cpu_online_mask) ? near :
							   cpu_online_mask;
}

/* False if the kernel does not keep these times: its ticks never stop. */
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
	/* A CPU that left takes its idle time with it. */
	was.idle_us = idle_us > activity->idle_us ?
		      idle_us - activity->idle_us : 0;
	/* The first sample only says from when on. */
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
 * memscan_pace_of - how to go on after a burst
 * @activity: of the node
 * @nid: the node
 * @burst_ns: time that the burst took
 * @burst_pages: what it read; 0 if its time says nothing
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

/* What is usual follows, a pass behind: nothing is slow for ever. */
void memscan_activity_new_pass(struct memscan_activity *activity)
{
	if (activity->pass_pages) {
		activity->usual_ns = activity->pass_ns;
		activity->usual_pages = activity->pass_pages;
	}
	activity->pass_ns = 0;
	activity->pass_pages = 0;
}
