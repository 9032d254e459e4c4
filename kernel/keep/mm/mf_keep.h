/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared by mm/mf_keep*.c: the record of a folio's raw pages.
 */
#ifndef _MM_MF_KEEP_H
#define _MM_MF_KEEP_H

#include <linux/hugetlb.h>
#include <linux/ratelimit.h>
#include <linux/workqueue.h>

/*
 * Marks poisoned folios. HugeTLB has no writeback, so nothing else sets or
 * clears it; mm/memfd.c uses a different mark, MEMFD_TAG_PINNED.
 */
#define MF_KEEP_TAG	PAGECACHE_TAG_DIRTY

/**
 * struct mf_keep_budget - how often known poison was consumed recently
 * @since: start of the count, in jiffies
 * @repeats: machine checks since then
 *
 * Concurrent updates may lose a count: this enforces a limit, not a total.
 */
struct mf_keep_budget {
	unsigned long since;
	atomic_t repeats;
};

/**
 * struct mf_keep_record - what is known of a folio's raw pages
 * @folio: the folio that this record belongs to
 * @hardware: at least one of the errors was a real one
 * @ended: the policy ends for this folio, see mf_keep_charge()
 * @budget: for consumption of pages that are already recorded
 * @lines: limits the log lines about that, per folio
 * @unmap: unmaps the folio from its users once the budget is spent; holds a
 *	reference to the folio while queued
 * @raw: one bit per base page
 */
struct mf_keep_record {
	struct folio *folio;
	bool hardware;
	atomic_t ended;
	struct mf_keep_budget budget;
	struct ratelimit_state lines;
	struct delayed_work unmap;
	unsigned long raw[];
};

/* NULL without raw pages, or if the record could not be allocated. */
static inline struct mf_keep_record *mf_keep_record(struct folio *folio)
{
	/* Pairs with the release in mf_keep_new_record(). */
	return smp_load_acquire((struct mf_keep_record **)
				&folio->_hugetlb_hwpoison);
}

unsigned long mf_keep_next_raw(struct folio *folio, unsigned long from,
			       unsigned long to);
unsigned long mf_keep_next_healthy(struct folio *folio, unsigned long from,
				   unsigned long to);

bool mf_keep_is_known(struct folio *folio, struct page *page);
struct folio *mf_keep_try_get_folio(struct page *page);
void mf_keep_charge(struct folio *folio, int flags);
void mf_keep_unmap_workfn(struct work_struct *work);

#endif /* _MM_MF_KEEP_H */
