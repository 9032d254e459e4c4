// SPDX-License-Identifier: GPL-2.0-only
/*
 * memscan: find memory errors before anyone consumes them.
 *
 * One thread per node reads its memory slowly and continuously, and hands pages
 * that raise a machine check to memory_failure().
 *
 * Here: the table of these threads, and loading and unloading the module.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include "memscan.h"
#include "scan.h"

/*
 * By node number. An entry stays until the module is unloaded. Nodes can get
 * memory at any time: entries are added under @scans_lock, and only while
 * @scans_open.
 */
static struct memscan_scan *scans[MAX_NUMNODES];
static DEFINE_MUTEX(scans_lock);
static bool scans_open;

void memscan_wake_all(void)
{
	struct memscan_scan *scan;
	int i;

	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		/* Pairs with add_scan(). */
		scan = smp_load_acquire(&scans[i]);
		if (scan)
			memscan_scan_wake(scan);
	}
}

static int add_scan(int nid)
{
	struct memscan_scan *scan = memscan_scan_create(nid);

	if (IS_ERR(scan))
		return PTR_ERR(scan);
	/* Pairs with memscan_wake_all(): publish an initialised scan. */
	smp_store_release(&scans[nid], scan);
	return 0;
}

/* Context: CPU hotplug. */
void memscan_cpus_changed(unsigned int leaving)
{
	int i;

	mutex_lock(&scans_lock);
	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		if (!scans[i])
			continue;
		memscan_cpus_place(scans[i], leaving);
		memscan_scan_wake(scans[i]);
	}
	mutex_unlock(&scans_lock);
}

/**
 * memscan_memory_came - handle memory that came online
 * @nid: its node, which may not have had memory before
 * @range: the memory, which is read early if the node is being scanned
 *
 * Context: memory hotplug notifier.
 */
void memscan_memory_came(int nid, const struct memscan_range *range)
{
	int err = 0;

	mutex_lock(&scans_lock);
	if (scans_open && !scans[nid])
		err = add_scan(nid);
	if (scans_open && scans[nid] && READ_ONCE(scans[nid]->wanted)) {
		memscan_nearby_add_range(&scans[nid]->nearby, range);
		memscan_scan_wake(scans[nid]);
	}
	mutex_unlock(&scans_lock);
	if (err)
		pr_warn("node%d got memory, but cannot be scanned: %d; load the module again\n",
			nid, err);
}

static struct memscan_scan *take_scan(int nid)
{
	struct memscan_scan *scan;

	mutex_lock(&scans_lock);
	scan = scans[nid];
	scans[nid] = NULL;
	mutex_unlock(&scans_lock);
	return scan;
}

/*
 * Stop the threads without the lock: a thread may wait for memory hotplug,
 * which may wait for the lock. The sysfs controls, which use the table without
 * it, are gone.
 */
static void del_scans(void)
{
	struct memscan_scan *scan;
	int i;

	mutex_lock(&scans_lock);
	scans_open = false;
	mutex_unlock(&scans_lock);
	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		scan = take_scan(i);
		if (scan)
			memscan_scan_destroy(scan);
	}
}

/* Also finds nodes whose memory came online before the table was open. */
static int add_scans(void)
{
	int nid, err = 0;

	mutex_lock(&scans_lock);
	for_each_node_state(nid, N_MEMORY)
		if (!err)
			err = add_scan(nid);
	scans_open = !err;
	mutex_unlock(&scans_lock);
	if (err)
		del_scans();
	return err;
}

static int __init memscan_init(void)
{
	int err;

	err = memscan_capability_init();
	if (err)
		return err;
	err = memscan_cpus_init();
	if (err)
		goto out_capability;
	memscan_capability_log();
	err = memscan_hotplug_init();
	if (err)
		goto out_cpus;
	err = memscan_sysfs_init();
	if (err)
		goto out_hotplug;
	err = add_scans();
	if (err)
		goto out_sysfs;
	err = memscan_sysfs_add_controls();
	if (err)
		goto out_scans;
	err = memscan_demand_init();
	if (err)
		goto out_controls;
	return 0;

out_controls:
	memscan_sysfs_del_controls();
out_scans:
	del_scans();
out_sysfs:
	memscan_sysfs_exit();
out_hotplug:
	memscan_hotplug_exit();
out_cpus:
	memscan_cpus_exit();
out_capability:
	memscan_capability_exit();
	return err;
}

static void __exit memscan_exit(void)
{
	memscan_demand_exit();
	memscan_sysfs_del_controls();
	del_scans();
	memscan_sysfs_exit();
	memscan_hotplug_exit();
	memscan_cpus_exit();
	memscan_capability_exit();
	memscan_forget_all();
}

module_init(memscan_init);
module_exit(memscan_exit);
MODULE_DESCRIPTION("Find memory errors before anyone consumes them");
MODULE_LICENSE("GPL");
