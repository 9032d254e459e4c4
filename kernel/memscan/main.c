// SPDX-License-Identifier: GPL-2.0-only
/*
 * memscan: find memory errors before anybody reads them.
 *
 * One thread a node reads its memory slowly and for ever. What raises a
 * machine check there is handed to memory_failure().
 */

#include <linux/module.h>
#include "memscan.h"
#include "scan.h"

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
	err = memscan_scans_init();
	if (err)
		goto out_sysfs;
	err = memscan_sysfs_add_controls();
	if (err)
		goto out_scans;
	return 0;

out_scans:
	memscan_scans_exit();
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
	memscan_scans_exit();
	memscan_sysfs_exit();
	memscan_hotplug_exit();
	memscan_capability_exit();
	memscan_forget_all();
}

module_init(memscan_init);
module_exit(memscan_exit);
MODULE_DESCRIPTION("Find memory errors before anybody reads them");
MODULE_LICENSE("GPL");
