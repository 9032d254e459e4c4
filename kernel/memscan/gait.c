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
#include "gait.h"

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

static void sample_idle_time(struct memscan_load *load, int nid)
{
	u64 now = ktime_get_ns(), idle_us;
	struct memscan_idleness was = {
		.wall_us = div_u64(now - load->since_ns, NSEC_PER_USEC),
		.own_us = div_u64(load->own_ns, NSEC_PER_USEC),
	};

	if (now - load->since_ns < IDLE_SAMPLE_NS)
		return;
	load->idle = false;
	if (!idle_time_us(nid, &idle_us, &was.cpus))
		return;
	/* A CPU that left takes its idle time with it. */
	was.idle_us = idle_us > load->idle_us ? idle_us - load->idle_us : 0;
	/* The first sample only says from when on. */
	load->idle = load->since_ns && memscan_is_idle(&was);
	load->since_ns = now;
	load->idle_us = idle_us;
	load->own_ns = 0;
}

static bool took_long(struct memscan_load *load, u64 burst_ns, u64 burst_pages)
{
	if (burst_pages < LEAST_PAGES)
		return false;
	load->pass_ns += burst_ns;
	load->pass_pages += burst_pages;
	if (load->usual_pages)
		return memscan_is_slow(burst_ns, burst_pages, load->usual_ns,
				       load->usual_pages);
	return memscan_is_slow(burst_ns, burst_pages, load->pass_ns,
			       load->pass_pages);
}

/**
 * memscan_gait - how to go on after a burst
 * @load: of the node
 * @nid: the node
 * @burst_ns: time that the burst took
 * @burst_pages: what it read; 0 if its time says nothing
 */
enum memscan_gait memscan_gait(struct memscan_load *load, int nid,
			       u64 burst_ns, u64 burst_pages)
{
	bool slow = took_long(load, burst_ns, burst_pages);

	load->own_ns += burst_ns;
	sample_idle_time(load, nid);
	if (slow)
		return MEMSCAN_SLOW;
	return load->idle ? MEMSCAN_AHEAD : MEMSCAN_EVEN;
}

/* What is usual follows, a pass behind: nothing is slow for ever. */
void memscan_load_new_pass(struct memscan_load *load)
{
	if (load->pass_pages) {
		load->usual_ns = load->pass_ns;
		load->usual_pages = load->pass_pages;
	}
	load->pass_ns = 0;
	load->pass_pages = 0;
}
