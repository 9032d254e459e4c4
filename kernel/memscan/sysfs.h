/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /sys/kernel/memscan: one value a file, each read as it is written.
 * Documentation/ABI/testing/sysfs-kernel-memscan describes each file.
 */
#ifndef MEMSCAN_SYSFS_H
#define MEMSCAN_SYSFS_H

struct memscan_scan;

int memscan_sysfs_init(void);
void memscan_sysfs_exit(void);

/* Its files; when they are gone, nobody is in them any more. */
int memscan_sysfs_add_scan(struct memscan_scan *scan);
void memscan_sysfs_del_scan(struct memscan_scan *scan);

/* The files that act on all scans, or start one: to be made when these exist. */
int memscan_sysfs_add_controls(void);
void memscan_sysfs_del_controls(void);

#endif /* MEMSCAN_SYSFS_H */
