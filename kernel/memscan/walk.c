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
#include <linux/sched/signal.h>
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
unsigned int memscan_max_hits_per_minute = 60;

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
	if (page->broken)
		return MEMSCAN_SKIP_BROKEN;
	if (!in_scope(page, scope))
		return MEMSCAN_SKIP_SCOPE;
	return MEMSCAN_READ;
}

/*
 * The walk
 */

static bool is_empty(const struct memscan_range *range)
{
	return range->start >= range->end;
}

/* Walk through @range from @pfn on; if that is outside of it, from its start. */
void memscan_walk_start(struct memscan_walk *walk, struct memscan_range range,
			unsigned long pfn)
{
	if (!memscan_range_has(&range, pfn))
		pfn = range.start;
	walk->range = (struct memscan_range){ pfn, range.end };
	walk->rest = (struct memscan_range){ range.start, pfn };
	walk->done = 0;
	walk->pfn = pfn;
	walk->broken = (struct memscan_range){};
	memset(walk->pages, 0, sizeof(walk->pages));
	walk->hits = 0;
}

/* At the end of the range, turn to what it has before the first page. */
void memscan_walk_turn(struct memscan_walk *walk)
{
	if (walk->pfn < walk->range.end || is_empty(&walk->rest))
		return;
	walk->done += walk->range.end - walk->range.start;
	walk->range = walk->rest;
	walk->rest = (struct memscan_range){};
	walk->pfn = walk->range.start;
}

bool memscan_walk_done(const struct memscan_walk *walk)
{
	return walk->pfn >= walk->range.end && is_empty(&walk->rest);
}

/* How much was walked. Others than the thread have to use a copy. */
unsigned int memscan_walk_percent(const struct memscan_walk *walk)
{
	u64 done = walk->done + walk->pfn - walk->range.start;
	u64 all = walk->done + walk->range.end - walk->range.start +
		  walk->rest.end - walk->rest.start;

	/* The division would be wrong then as well, see due_ns(). */
	if (done >= all)
		return all ? 100 : 0;
	return mul_u64_u64_div_u64(done, 100, all);
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
	seen->known = memscan_is_known(pfn, walk->action);
	seen->broken = memscan_range_has(&walk->broken, pfn);
	if (walk->scope == MEMSCAN_SCOPE_FREE)
		seen->free = is_free_buddy_page(page);
	else if (walk->scope != MEMSCAN_SCOPE_ALL)
		seen->hugetlb = folio_test_hugetlb(page_folio(page));
}

/* Of the next page; nothing is counted yet. What is behind the range is not read. */
static enum memscan_reason classify(const struct memscan_walk *walk)
{
	struct memscan_page seen;

	if (walk->pfn >= walk->range.end)
		return MEMSCAN_SKIP_ABSENT;
	examine(walk, walk->pfn, &seen);
	return memscan_skip_reason(&seen, walk->scope);
}

/* Go past the page, and past an absent page to the end of its subsection. */
static void count(struct memscan_walk *walk, enum memscan_reason reason)
{
	unsigned long next = walk->pfn + 1;

	if (reason == MEMSCAN_SKIP_ABSENT)
		next = memscan_range_next(walk->pfn, PAGES_PER_SUBSECTION,
					  walk->range.end);
	walk->pages[reason] += next - walk->pfn;
	walk->pfn = next;
}

/*
 * Read the page before the next, which is @following: prefetch into that only if it
 * is read as well. Returns the offset of the poisoned line, or -1.
 */
static int read_page(struct memscan_walk *walk, enum memscan_reason following)
{
	const char *page = pfn_to_kaddr(walk->pfn - 1), *end = page + PAGE_SIZE;
	struct memscan_loaded loaded =
		memscan_load(page, end, following == MEMSCAN_READ ?
					end + MEMSCAN_AHEAD_BYTES : end);

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
	if (READ_ONCE(memscan_paused))
		return true;
	return current->flags & PF_KTHREAD ? kthread_should_stop() :
					     signal_pending(current);
}

/*
 * Walk until the burst is complete, the range ends (or turns), the thread is to stop or
 * pause, or there is a hit. Returns the offset of the hit, or -1. Caller holds
 * memscan_hotplug_lock.
 */
static int walk_to_hit(struct memscan_walk *walk)
{
	unsigned int pages = BURST_PAGES, examined = BURST_EXAMINED;
	enum memscan_reason reason, following = classify(walk);
	int offset = -1;

	while (walk->pfn < walk->range.end && pages && examined && offset < 0) {
		if (--examined % BREATH_PAGES == 0) {
			cond_resched();
			if (interrupted())
				break;
		}
		reason = following;
		count(walk, reason);
		following = classify(walk);
		if (reason == MEMSCAN_READ) {
			pages--;
			offset = read_page(walk, following);
		}
	}
	return offset;
}

static void handle_hit(struct memscan_walk *walk, struct memscan_totals *totals,
		       unsigned int offset)
{
	unsigned long pfn = walk->pfn - 1;

	walk->hits++;
	totals->last_outcome = memscan_hit(walk->who, pfn, offset,
					   walk->action);
	totals->hits[totals->last_outcome]++;
	totals->last_hit_pfn = pfn;
	totals->last_hit_seconds = ktime_get_real_seconds();
}

/**
 * memscan_walk_burst - walk for one burst, or up to the first hit in it
 * @walk: the walk to continue
 * @totals: updated with what was read and found
 *
 * Context: a kthread, or who asks for a range; returns early if it is to stop,
 * has a signal, or all scans are to pause.
 */
void memscan_walk_burst(struct memscan_walk *walk,
			struct memscan_totals *totals)
{
	u64 before = walk->pages[MEMSCAN_READ];
	struct memscan_held page;
	int offset;

	down_read(&memscan_hotplug_lock);
	offset = walk_to_hit(walk);
	/* Before the lock is dropped, so that the page stays online. */
	if (offset >= 0)
		memscan_hold(&page, walk->pfn - 1);
	up_read(&memscan_hotplug_lock);
	totals->read_bytes += (walk->pages[MEMSCAN_READ] - before) * PAGE_SIZE;
	if (offset >= 0) {
		handle_hit(walk, totals, offset);
		memscan_let_go(&page);
	}
}
