/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interfaces between the parts of the module.
 */
#ifndef MEMSCAN_H
#define MEMSCAN_H

#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/types.h>

struct memscan_range;
struct memscan_scan;

/*
 * main.c: the scans of all nodes
 */

/* A setting of all scans has changed. Not during memscan_exit(). */
void memscan_wake_all(void);

/* Memory of the node came online. */
void memscan_memory_came(int nid, const struct memscan_range *range);

/* CPUs came or go, @leaving is one that is about to, or nr_cpu_ids. */
void memscan_cpus_changed(unsigned int leaving);

/*
 * capability.c: whether this machine may be scanned, and if not, why
 */

int memscan_capability_init(void);
void memscan_capability_exit(void);
void memscan_capability_log(void);

/* Called on @cpu as it comes; and as it goes, after which it does not count. */
void memscan_capability_add_cpu(unsigned int cpu);
void memscan_capability_del_cpu(unsigned int cpu);

const char *memscan_refusal(void);
const char *memscan_machine_refusal(void);
int memscan_capability_show(char *buf);

/*
 * cpus.c: CPUs that come and go
 */

int memscan_cpus_init(void);
void memscan_cpus_exit(void);

void memscan_cpus_place(struct memscan_scan *scan, unsigned int leaving);

/*
 * hit.c: hand poison to the kernel, and remember what that leaves readable
 */

/*
 * RECOVERED: isolated, or left to its owner by the owner's own policy.
 * REPORTED: nothing was done, as the action asks for; it is to be isolated later.
 * KNOWN: the kernel had already been told by another path.
 * NOT_RECOVERED: the kernel could not isolate the page, for example because it
 * is its own memory; whoever reads it takes the error.
 */
enum memscan_outcome {
	MEMSCAN_HIT_RECOVERED,
	MEMSCAN_HIT_KNOWN,
	MEMSCAN_HIT_NOT_RECOVERED,
	MEMSCAN_HIT_REPORTED,
	MEMSCAN_OUTCOMES,
};

/* Whether a hit in a page that is in use is reported only, or isolated. */
struct memscan_action {
	bool report;
	bool report_hugetlb;
};

const char *memscan_outcome_name(enum memscan_outcome outcome);
enum memscan_outcome memscan_hit(const char *who, unsigned long pfn,
				 unsigned int offset,
				 struct memscan_action action);

bool memscan_is_hwpoison(unsigned long pfn);
bool memscan_is_known(unsigned long pfn, struct memscan_action action);

/* Pages that were reported and are not isolated. */
int memscan_isolate(unsigned long pfn);
unsigned long memscan_next_pending(unsigned long pfn);
u64 memscan_pending(void);

void memscan_forget(const struct memscan_range *range);
void memscan_forget_all(void);

/*
 * hotplug.c: memory that goes offline or comes online during a scan
 */

/*
 * Held for reading while struct pages are examined and memory is loaded, for a
 * burst at most. Memory cannot go offline meanwhile, because the notifier takes
 * it for writing. Not held over memory_failure(), which may wait for memory
 * hotplug.
 */
extern struct rw_semaphore memscan_hotplug_lock;

/*
 * A page whose hit is being handled. memory_failure() does not expect its page,
 * or the head of its folio, to go offline, and the notifier cannot wait: until
 * the page is let go, it refuses to take any memory around it offline.
 */
struct memscan_held {
	struct list_head list;
	unsigned long pfn;
};

void memscan_hold(struct memscan_held *page, unsigned long pfn);
void memscan_let_go(struct memscan_held *page);

bool memscan_is_leaving(unsigned long pfn);

int memscan_hotplug_init(void);
void memscan_hotplug_exit(void);

/*
 * sysfs.c: /sys/kernel/memscan, one value a file, each read as it is written.
 * Documentation/ABI/testing/sysfs-kernel-memscan describes each file.
 */

int memscan_sysfs_init(void);
void memscan_sysfs_exit(void);

/* The directory of a scan. After removal no reader or writer is left in it. */
int memscan_sysfs_add_scan(struct memscan_scan *scan);
void memscan_sysfs_del_scan(struct memscan_scan *scan);

/* Files that act on all scans: only while the scans exist. */
int memscan_sysfs_add_controls(void);
void memscan_sysfs_del_controls(void);

/*
 * The word is a number, decimal, or hexadecimal after 0x; no sign, nothing else.
 * 0 or -EINVAL.
 */
int memscan_parse_number(const char *word, u64 *value);

/*
 * demand.c: /dev/memscan, ranges that are read for a caller
 */

int memscan_demand_init(void);
void memscan_demand_exit(void);

#endif /* MEMSCAN_H */
