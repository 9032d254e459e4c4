/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the module are to each other.
 */
#ifndef MEMSCAN_H
#define MEMSCAN_H

#include <linux/rwsem.h>
#include <linux/types.h>

struct memscan_range;
struct memscan_scan;

/*
 * main.c: the scans of all nodes, and the one of ranges on demand
 */

/* NULL if there is none for the node; NUMA_NO_NODE has that on demand. */
struct memscan_scan *memscan_scan_of(int nid);

/* A setting of all has changed. Not while they go. */
void memscan_wake_all(void);

/* Memory of the node came online. */
void memscan_memory_came(int nid, const struct memscan_range *range);

/*
 * capability.c: may this machine be scanned, and if not, why?
 */

int memscan_capability_init(void);
void memscan_capability_exit(void);

const char *memscan_refusal(void);
int memscan_capability_show(char *buf);

/*
 * hit.c: poison was found; hand it to the kernel, and remember what that leaves
 */

/*
 * RECOVERED: nobody can read it any more but by the policy of its owner.
 * KNOWN: somebody else met it first. NOT_RECOVERED: the kernel could not
 * isolate it, as it is its own memory; whoever reads it will take the error.
 */
enum memscan_outcome {
	MEMSCAN_HIT_RECOVERED,
	MEMSCAN_HIT_KNOWN,
	MEMSCAN_HIT_NOT_RECOVERED,
	MEMSCAN_OUTCOMES,
};

enum memscan_outcome memscan_hit(const char *who, unsigned long pfn,
				 unsigned int offset);

bool memscan_is_hwpoison(unsigned long pfn);
bool memscan_is_known(unsigned long pfn);
void memscan_forget(const struct memscan_range *range);
void memscan_forget_all(void);

/*
 * hotplug.c: memory that goes away or comes while it is scanned
 */

/*
 * Held for reading around looks at struct pages and loads, a burst at most.
 * Memory does not go offline meanwhile, for the notifier wants it for writing.
 * memory_failure() is called without it, as that may wait for memory hotplug.
 */
extern struct rw_semaphore memscan_hotplug_lock;

/*
 * Held for reading while a hit is handled; taken with memscan_hotplug_lock held.
 * memory_failure() does not expect that its page goes offline under it, and
 * the notifier cannot wait: while somebody has this, nothing starts to go.
 */
extern struct rw_semaphore memscan_hits_lock;

bool memscan_is_leaving(unsigned long pfn);

int memscan_hotplug_init(void);
void memscan_hotplug_exit(void);

/*
 * sysfs.c: /sys/kernel/memscan, one value a file, each read as it is written.
 * Documentation/ABI/testing/sysfs-kernel-memscan describes each file.
 */

int memscan_sysfs_init(void);
void memscan_sysfs_exit(void);

/* Its files; when they are gone, nobody is in them any more. */
int memscan_sysfs_add_scan(struct memscan_scan *scan);
void memscan_sysfs_del_scan(struct memscan_scan *scan);

/* The files that act on all scans, or start one: to be made when these exist. */
int memscan_sysfs_add_controls(void);
void memscan_sysfs_del_controls(void);

#endif /* MEMSCAN_H */
