/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that goes away or comes while it is scanned.
 */
#ifndef MEMSCAN_HOTPLUG_H
#define MEMSCAN_HOTPLUG_H

#include <linux/rwsem.h>

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

#endif /* MEMSCAN_HOTPLUG_H */
