// SPDX-License-Identifier: GPL-2.0-only
/*
 * memscan: find memory errors before anybody reads them.
 *
 * One thread a node reads its memory slowly and for ever. What raises a
 * machine check there is handed to memory_failure().
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/numa.h>
#include "memscan.h"
#include "scan.h"

/*
 * By node number, and one behind them for ranges on demand. Each is there until
 * all go. A node may get memory at any time: adding to them takes the lock, and
 * only while they are open.
 */
static struct memscan_scan *scans[MAX_NUMNODES + 1];
static DEFINE_MUTEX(scans_lock);
static bool scans_open;

struct memscan_scan *memscan_scan_of(int nid)
{
	return READ_ONCE(scans[nid == NUMA_NO_NODE ? MAX_NUMNODES : nid]);
}

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

static int add_scan(int nid, int slot)
{
	struct memscan_scan *scan = memscan_scan_create(nid);

	if (IS_ERR(scan))
		return PTR_ERR(scan);
	/* Pairs with memscan_wake_all(), which sees a scan that is whole. */
	smp_store_release(&scans[slot], scan);
	return 0;
}

/**
 * memscan_memory_came - memory came online
 * @nid: its node, maybe the first memory that it has
 * @range: where; to be read soon if the node is being read
 *
 * Context: notifier of memory hotplug.
 */
void memscan_memory_came(int nid, const struct memscan_range *range)
{
	int err = 0;

	mutex_lock(&scans_lock);
	if (scans_open && !scans[nid])
		err = add_scan(nid, nid);
	if (scans_open && scans[nid] && READ_ONCE(scans[nid]->wanted)) {
		memscan_nearby_add_range(&scans[nid]->nearby, range);
		memscan_scan_wake(scans[nid]);
	}
	mutex_unlock(&scans_lock);
	if (err)
		pr_warn("node%d got memory, but cannot be scanned: %d; load the module again\n",
			nid, err);
}

/*
 * Without the lock, as a thread may wait for memory hotplug, and that for the
 * lock. Nobody else is here: the controls of all are gone.
 */
static void del_scans(void)
{
	int i;

	mutex_lock(&scans_lock);
	scans_open = false;
	mutex_unlock(&scans_lock);
	for (i = 0; i < ARRAY_SIZE(scans); i++) {
		if (scans[i])
			memscan_scan_destroy(scans[i]);
		scans[i] = NULL;
	}
}

/* Nodes whose memory comes before these are open are seen here. */
static int add_scans(void)
{
	int nid, err;

	mutex_lock(&scans_lock);
	err = add_scan(NUMA_NO_NODE, MAX_NUMNODES);
	for_each_node_state(nid, N_MEMORY)
		if (!err)
			err = add_scan(nid, nid);
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
	err = memscan_hotplug_init();
	if (err)
		goto out_capability;
	err = memscan_sysfs_init();
	if (err)
		goto out_hotplug;
	err = add_scans();
	if (err)
		goto out_sysfs;
	err = memscan_sysfs_add_controls();
	if (err)
		goto out_scans;
	return 0;

out_scans:
	del_scans();
out_sysfs:
	memscan_sysfs_exit();
out_hotplug:
	memscan_hotplug_exit();
out_capability:
	memscan_capability_exit();
	return err;
}

static void __exit memscan_exit(void)
{
	memscan_sysfs_del_controls();
	del_scans();
	memscan_sysfs_exit();
	memscan_hotplug_exit();
	memscan_capability_exit();
	memscan_forget_all();
}

module_init(memscan_init);
module_exit(memscan_exit);
MODULE_DESCRIPTION("Find memory errors before anybody reads them");
MODULE_LICENSE("GPL");
