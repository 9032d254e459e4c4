// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory hotplug.
 *
 * Memory about to go offline is not read, from before its pages are isolated.
 * Memory that comes online is queued for an early read, see nearby.c.
 */

#include <linux/list.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include "memscan.h"
#include "scan.h"
#include "walk.h"

DECLARE_RWSEM(memscan_hotplug_lock);
DECLARE_RWSEM(memscan_hits_lock);

/* Ranges about to go offline; protected by memscan_hotplug_lock. */
static LIST_HEAD(leaving);

struct leaving_range {
	struct list_head list;
	struct memscan_range range;
};

/* Caller holds memscan_hotplug_lock. */
bool memscan_is_leaving(unsigned long pfn)
{
	struct leaving_range *l;

	list_for_each_entry(l, &leaving, list)
		if (memscan_range_has(&l->range, pfn))
			return true;
	return false;
}

/* -EBUSY while a hit is being handled anywhere, which is rare and short. */
static int add_leaving(const struct memscan_range *range)
{
	struct leaving_range *l = kmalloc(sizeof(*l), GFP_KERNEL);
	bool idle;

	if (!l)
		return -ENOMEM;
	l->range = *range;
	down_write(&memscan_hotplug_lock);
	idle = down_write_trylock(&memscan_hits_lock);
	if (idle) {
		list_add(&l->list, &leaving);
		up_write(&memscan_hits_lock);
	}
	up_write(&memscan_hotplug_lock);
	if (idle)
		return 0;
	kfree(l);
	return -EBUSY;
}

/* The list may be empty: another notifier may have vetoed before us. */
static void del_leaving(const struct memscan_range *range)
{
	struct leaving_range *l, *next;

	down_write(&memscan_hotplug_lock);
	list_for_each_entry_safe(l, next, &leaving, list) {
		if (l->range.start != range->start)
			continue;
		list_del(&l->list);
		kfree(l);
	}
	up_write(&memscan_hotplug_lock);
}

static struct memscan_range range_of(const struct memory_notify *arg)
{
	return (struct memscan_range){
		arg->start_pfn, arg->start_pfn + arg->nr_pages
	};
}

static int memory_changes(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	const struct memory_notify *arg = data;
	struct memscan_range range = range_of(arg);
	int err = 0;

	switch (action) {
	case MEM_GOING_OFFLINE:
		err = add_leaving(&range);
		break;
	case MEM_CANCEL_OFFLINE:
		del_leaving(&range);
		break;
	case MEM_OFFLINE:
		del_leaving(&range);
		/* Different memory may come back here. */
		memscan_forget(&range);
		break;
	case MEM_ONLINE:
		memscan_memory_came(pfn_to_nid(range.start), &range);
		break;
	}
	return notifier_from_errno(err);
}

static struct notifier_block memory_nb = {
	.notifier_call = memory_changes,
};

int memscan_hotplug_init(void)
{
	return register_memory_notifier(&memory_nb);
}

void memscan_hotplug_exit(void)
{
	struct leaving_range *l, *next;

	unregister_memory_notifier(&memory_nb);
	list_for_each_entry_safe(l, next, &leaving, list)
		kfree(l);
	INIT_LIST_HEAD(&leaving);
}
