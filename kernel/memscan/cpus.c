// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUs come and go: on which of them the threads run, and whether each of them
 * survives a machine check.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/topology.h>
#include "memscan.h"
#include "scan.h"

static bool is_set_aside(unsigned int cpu)
{
	return cpu_is_isolated(cpu) ||
	       !housekeeping_test_cpu(cpu, HK_TYPE_KTHREAD);
}

/*
 * CPUs that are online, are not about to go, and were not set aside for others
 * by isolcpus=, nohz_full= or an isolated partition of cpusets. If all these
 * have gone, any that is left.
 */
static void find_usable(struct cpumask *usable, unsigned int leaving)
{
	static struct cpumask left;
	unsigned int cpu;

	cpumask_clear(usable);
	cpumask_copy(&left, cpu_online_mask);
	if (leaving < nr_cpu_ids)
		cpumask_clear_cpu(leaving, &left);
	for_each_cpu(cpu, &left)
		if (!is_set_aside(cpu))
			cpumask_set_cpu(cpu, usable);
	if (cpumask_empty(usable))
		cpumask_copy(usable, &left);
}

/**
 * memscan_cpus_place - choose the CPUs for a scan's thread
 * @scan: the scan
 * @leaving: a CPU that is about to go offline, or nr_cpu_ids
 *
 * CPUs of its node; if none of these is usable, those of other nodes.
 *
 * Context: may sleep; one caller at a time.
 */
void memscan_cpus_place(struct memscan_scan *scan, unsigned int leaving)
{
	static struct cpumask usable, near;

	find_usable(&usable, leaving);
	if (cpumask_and(&near, &usable, cpumask_of_node(scan->nid)))
		set_cpus_allowed_ptr(scan->thread, &near);
	else
		set_cpus_allowed_ptr(scan->thread, &usable);
}

static int cpu_came(unsigned int cpu)
{
	memscan_capability_add_cpu(cpu);
	memscan_cpus_changed(nr_cpu_ids);
	return 0;
}

static int cpu_goes(unsigned int cpu)
{
	memscan_capability_del_cpu(cpu);
	memscan_cpus_changed(cpu);
	return 0;
}

static enum cpuhp_state cpu_state;

/* Looks at each CPU that is online, and later at each that comes. */
int memscan_cpus_init(void)
{
	int state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "ras/memscan:online",
				      cpu_came, cpu_goes);

	if (state < 0) {
		pr_err("not loaded, as it cannot follow CPU hotplug: %d\n", state);
		return state;
	}
	cpu_state = state;
	return 0;
}

void memscan_cpus_exit(void)
{
	cpuhp_remove_state_nocalls(cpu_state);
}
