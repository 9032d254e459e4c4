// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walk through a range of page frames: examine each page, and read it or count
 * why not.
 */

#include <linux/align.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include "load.h"
#include "memscan.h"
#include "pace.h"
#include "walk.h"

#define BURST_PAGES	(MEMSCAN_BURST_BYTES / PAGE_SIZE)
/* Skipped pages are cheap; end a burst after this many examined pages too. */
#define BURST_EXAMINED	(16 * BURST_PAGES)
/* Reschedule, and check for stop and pause, every so many pages. */
#define BREATH_PAGES	32

bool memscan_paused;
unsigned int memscan_max_hits = 128;

/*
 * Ranges of page frames
 */

bool memscan_range_has(const struct memscan_range *range, unsigned long pfn)
{
	return range->start <= pfn && pfn < range->end;
}

/* The first multiple of @step after @pfn, but not beyond @end. */
unsigned long memscan_range_next(unsigned long pfn, unsigned long step,
				 unsigned long end)
{
	return min(ALIGN_DOWN(pfn, step) + step, end);
}

/* The share of @range before @pfn. */
unsigned int memscan_range_percent(const struct memscan_range *range,
				   unsigned long pfn)
{
	if (pfn <= range->start)
		return 0;
	/* The division would be wrong then as well, see due_ns(). */
	if (pfn >= range->end)
		return 100;
	return mul_u64_u64_div_u64(pfn - range->start, 100,
				   range->end - range->start);
}

/*
 * Which pages are read
 */

static bool in_scope(const struct memscan_page *page, enum memscan_scope scope)
{
	switch (scope) {
	case MEMSCAN_SCOPE_HUGETLB:
		return page->hugetlb;
	case MEMSCAN_SCOPE_NOHUGETLB:
		return !page->hugetlb;
	case MEMSCAN_SCOPE_FREE:
		return page->free;
	default:
		return true;
	}
}

/**
 * memscan_skip_reason - decide whether to read a base page
 * @page: what is known about the page
 * @scope: which pages to read
 *
 * Return: the first reason against it that applies, or MEMSCAN_READ.
 */
enum memscan_reason memscan_skip_reason(const struct memscan_page *page,
					enum memscan_scope scope)
{
	if (!page->online)
		return MEMSCAN_SKIP_ABSENT;
	if (page->other_node)
		return MEMSCAN_SKIP_OTHER_NODE;
	if (!page->ram)
		return MEMSCAN_SKIP_NOT_RAM;
	if (page->leaving)
		return MEMSCAN_SKIP_LEAVING;
	if (page->offline)
		return MEMSCAN_SKIP_OFFLINE;
	if (page->hwpoison)
		return MEMSCAN_SKIP_HWPOISON;
	if (page->known)
		return MEMSCAN_SKIP_KNOWN;
	if (!in_scope(page, scope))
		return MEMSCAN_SKIP_SCOPE;
	return MEMSCAN_READ;
}

/*
 * The walk
 */

void memscan_walk_start(struct memscan_walk *walk, struct memscan_range range)
{
	walk->range = range;
	walk->pfn = range.start;
	memset(walk->pages, 0, sizeof(walk->pages));
	walk->hits = 0;
}

bool memscan_walk_done(const struct memscan_walk *walk)
{
	return walk->pfn >= walk->range.end;
}

/* Number of present pages of the node that the walk has covered. */
u64 memscan_walk_present(const struct memscan_walk *walk)
{
	u64 pages = walk->pages[MEMSCAN_READ];
	int reason;

	for (reason = MEMSCAN_SKIP_LEAVING; reason < MEMSCAN_REASONS; reason++)
		pages += walk->pages[reason];
	return pages;
}

/*
 * No reference is taken, so each answer may be stale at once. The worst outcome
 * is an unnecessary read, and loads are safe anywhere.
 */
static void examine(const struct memscan_walk *walk, unsigned long pfn,
		    struct memscan_page *seen)
{
	struct page *page = pfn_to_online_page(pfn);

	*seen = (struct memscan_page){ .online = page };
	if (!page)
		return;
	seen->other_node = walk->nid != NUMA_NO_NODE &&
			   page_to_nid(page) != walk->nid;
	seen->ram = !PageReserved(page) || page_is_ram(pfn);
	seen->leaving = memscan_is_leaving(pfn);
	seen->offline = PageOffline(page);
	seen->hwpoison = is_page_hwpoison(page);
	seen->known = memscan_is_known(pfn);
	if (walk->scope == MEMSCAN_SCOPE_FREE)
		seen->free = is_free_buddy_page(page);
	else if (walk->scope != MEMSCAN_SCOPE_ALL)
		seen->hugetlb = folio_test_hugetlb(page_folio(page));
}

/* Count the page, and with an absent page the rest of its subsection. */
static enum memscan_reason classify(struct memscan_walk *walk)
{
	unsigned long next = walk->pfn + 1;
	enum memscan_reason reason;
	struct memscan_page seen;

	examine(walk, walk->pfn, &seen);
	reason = memscan_skip_reason(&seen, walk->scope);
	if (reason == MEMSCAN_SKIP_ABSENT)
		next = memscan_range_next(walk->pfn, PAGES_PER_SUBSECTION,
					  walk->range.end);
	walk->pages[reason] += next - walk->pfn;
	walk->pfn = next;
	return reason;
}

/* Returns the offset of the poisoned word, or -1. */
static int read_page(struct memscan_walk *walk, unsigned long pfn)
{
	const char *page = pfn_to_kaddr(pfn);
	struct memscan_loaded loaded = memscan_load(page, page + PAGE_SIZE);

	if (loaded.trap == MEMSCAN_TRAP_POISON)
		return (const char *)loaded.end - page;
	if (loaded.trap) {
		walk->pages[MEMSCAN_READ]--;
		walk->pages[MEMSCAN_SKIP_UNMAPPED]++;
	}
	return -1;
}

static bool interrupted(void)
{
	return READ_ONCE(memscan_paused) || kthread_should_stop();
}

/*
 * Walk until the burst is complete, the range ends, the thread is to stop or
 * pause, or there is a hit. Returns the offset of the hit, or -1. Caller holds
 * memscan_hotplug_lock.
 */
static int walk_to_hit(struct memscan_walk *walk)
{
	unsigned int pages = BURST_PAGES, examined = BURST_EXAMINED;
	int offset = -1;

	while (!memscan_walk_done(walk) && pages && examined && offset < 0) {
		if (--examined % BREATH_PAGES == 0) {
			cond_resched();
			if (interrupted())
				break;
		}
		if (classify(walk) == MEMSCAN_READ) {
			pages--;
			offset = read_page(walk, walk->pfn - 1);
		}
	}
	return offset;
}

static void handle_hit(struct memscan_walk *walk, struct memscan_totals *totals,
		       unsigned int offset)
{
	unsigned long pfn = walk->pfn - 1;

	walk->hits++;
	totals->hits[memscan_hit(walk->who, pfn, offset)]++;
	totals->last_hit_pfn = pfn;
	totals->last_hit_seconds = ktime_get_real_seconds();
}

/**
 * memscan_walk_burst - walk for one burst, or up to the first hit in it
 * @walk: the walk to continue
 * @totals: updated with what was read and found
 *
 * Context: a kthread; returns early if it is to stop, or all scans to pause.
 */
void memscan_walk_burst(struct memscan_walk *walk,
			struct memscan_totals *totals)
{
	u64 before = walk->pages[MEMSCAN_READ];
	int offset;

	down_read(&memscan_hotplug_lock);
	offset = walk_to_hit(walk);
	/* Taken before the other is dropped, so that the page stays online. */
	if (offset >= 0)
		down_read(&memscan_hits_lock);
	up_read(&memscan_hotplug_lock);
	totals->read_bytes += (walk->pages[MEMSCAN_READ] - before) * PAGE_SIZE;
	if (offset >= 0) {
		handle_hit(walk, totals, offset);
		up_read(&memscan_hits_lock);
	}
}
