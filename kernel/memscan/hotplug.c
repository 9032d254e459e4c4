// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory hotplug.
 *
 * Memory about to go offline is not read, from before its pages are isolated.
 * Memory that comes online is queued for an early read, see nearby.c.
 */

#include <linux/align.h>
#include <linux/list.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "memscan.h"
#include "scan.h"
#include "walk.h"

DECLARE_RWSEM(memscan_hotplug_lock);

/* Ranges about to go offline; protected by memscan_hotplug_lock. */
static LIST_HEAD(leaving);

/* Pages whose hits are being handled. */
static LIST_HEAD(held);
static DEFINE_SPINLOCK(held_lock);

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

/* Folios are not larger than this, and aligned to their size. */
#define FOLIO_PAGES_MAX		(PUD_SIZE / PAGE_SIZE)

/**
 * memscan_hold - keep the memory of a page, and of any folio that has it, online
 * @page: what stands for the page until memscan_let_go()
 * @pfn: the page
 *
 * Context: caller holds memscan_hotplug_lock.
 */
void memscan_hold(struct memscan_held *page, unsigned long pfn)
{
	page->pfn = pfn;
	spin_lock(&held_lock);
	list_add(&page->list, &held);
	spin_unlock(&held_lock);
}

void memscan_let_go(struct memscan_held *page)
{
	spin_lock(&held_lock);
	list_del(&page->list);
	spin_unlock(&held_lock);
}

static bool is_near(const struct memscan_range *range, unsigned long pfn)
{
	unsigned long first = ALIGN_DOWN(pfn, FOLIO_PAGES_MAX);

	return range->start < first + FOLIO_PAGES_MAX && first < range->end;
}

static bool has_held(const struct memscan_range *range)
{
	struct memscan_held *page;
	bool found = false;

	spin_lock(&held_lock);
	list_for_each_entry(page, &held, list)
		if (is_near(range, page->pfn))
			found = true;
	spin_unlock(&held_lock);
	return found;
}

/*
 * -EBUSY while a hit is being handled in a folio that may reach into the range,
 * which is rare and short.
 */
static int add_leaving(const struct memscan_range *range)
{
	struct leaving_range *l = kmalloc(sizeof(*l), GFP_KERNEL);
	bool busy;

	if (!l)
		return -ENOMEM;
	l->range = *range;
	down_write(&memscan_hotplug_lock);
	busy = has_held(range);
	if (!busy)
		list_add(&l->list, &leaving);
	up_write(&memscan_hotplug_lock);
	if (!busy)
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
