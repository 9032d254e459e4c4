// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the load of the machine asks for.
 *
 * No module may ask for a memory controller's counters in a way that holds for
 * all of them. Our own loads are the measure: they take longer when the memory
 * is busy. They take longer too when the CPU is given to others meanwhile, and
 * then it is as well to be slow.
 */

#include <linux/cpumask.h>
#include <linux/tick.h>
#include <linux/timekeeping.h>
#include <linux/topology.h>
#include "activity.h"

/* Shorter samples of idle times say little. */
#define IDLE_SAMPLE_NS		(100 * NSEC_PER_MSEC)
/* Nor do bursts that read less. */
#define LEAST_PAGES	256

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
