// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kept folios: release after the last reference was dropped.
 */

#define pr_fmt(fmt) "Memory failure: " fmt

#include <linux/hugetlb.h>
#include <linux/mf_keep.h>
#include <linux/memory_hotplug.h>
#include <linux/mf_keep_base.h>
#include <linux/mm.h>
#include <linux/set_memory.h>
#include <linux/workqueue.h>
#include "hugetlb_vmemmap.h"
#include "internal.h"
#include "mf_keep.h"

/* Folios that left the pool, by folio->lru; protected by hugetlb_lock. */
static LIST_HEAD(mf_keep_released);

static void mf_keep_dissolve_workfn(struct work_struct *work);
static DECLARE_DELAYED_WORK(mf_keep_dissolve_work, mf_keep_dissolve_workfn);

/* Take one page out of the pool. Reservations do not change. */
static void mf_keep_leave_pool(struct hstate *h, struct folio *folio)
{
	int nid = folio_nid(folio);

	list_del_init(&folio->lru);
	h->nr_huge_pages--;
	h->nr_huge_pages_node[nid]--;

	if (folio_test_hugetlb_temporary(folio))
		return;
	if (h->surplus_huge_pages_node[nid]) {
		h->surplus_huge_pages--;
		h->surplus_huge_pages_node[nid]--;
	} else if (h->max_huge_pages) {
		h->max_huge_pages--;
	}
}

/**
 * mf_keep_release - take a kept folio with raw pages out of the HugeTLB pool
 * @h: the pool
 * @folio: kept folio without references, uncharged
 *
 * The rest needs process context, so a work item owns the folio from here on.
 * The folio stays a HugeTLB folio with one reference until the work dissolves
 * it under mf_mutex: an error that arrives in between is recorded.
 *
 * Context: hugetlb_lock held, any context.
 * Return: false if the folio has no raw page and is to be freed as usual.
 */
bool mf_keep_release(struct hstate *h, struct folio *folio)
{
	lockdep_assert_held(&hugetlb_lock);

	if (!folio_mf_keep_poisoned(folio)) {
		folio_clear_hugetlb_mf_keep(folio);
		return false;
	}

	mf_keep_leave_pool(h, folio);
	folio_ref_unfreeze(folio, 1);
	list_add_tail(&folio->lru, &mf_keep_released);
	mod_delayed_work(system_dfl_wq, &mf_keep_dissolve_work, 0);
	return true;
}

/* Transfer the record to the flags of the base pages. */
static unsigned long mf_keep_mark_raw_pages(struct folio *folio)
{
	unsigned long nr = folio_nr_pages(folio);
	unsigned long i, lost = 0;

	for (i = mf_keep_next_raw(folio, 0, nr); i < nr;
	     i = mf_keep_next_raw(folio, i + 1, nr)) {
		SetPageHWPoison(folio_page(folio, i));
		lost++;
	}
	/* Pairs with smp_rmb() in mf_keep_page_lost(). */
	smp_wmb();
	folio_set_has_hwpoisoned(folio);
	return lost;
}

/* Turn the HugeTLB folio into a compound page with PG_has_hwpoisoned. */
static void mf_keep_end_hugetlb(struct folio *folio)
{
	spin_lock_irq(&hugetlb_lock);
	folio->_hugetlb_hwpoison = NULL;
	arch_clear_hugetlb_flags(folio);
	__folio_clear_hugetlb(folio);
	spin_unlock_irq(&hugetlb_lock);
}

/*
 * Nobody uses these pages any more: remove them from the direct map, so that
 * speculation does not hit the poison. If all errors were simulated, the pages
 * may be unpoisoned, so leave them. Memory may go offline, and be removed, at
 * any time.
 */
static void mf_keep_hide(unsigned long pfn, unsigned long nr,
			 struct mf_keep_record *record)
{
	unsigned long i;

	if (!record->hardware)
		return;
	for_each_set_bit(i, record->raw, nr) {
		get_online_mems();
		if (pfn_to_online_page(pfn + i))
			set_mce_nospec(pfn + i);
		put_online_mems();
		cond_resched();
	}
}

/* It is not known which base pages are raw: never use any of them again. */
static void mf_keep_retire(struct folio *folio)
{
	pr_err("%#lx: all %lu kB of a kept huge page are retired: its raw pages are not known\n",
	       folio_pfn(folio), folio_size(folio) >> 10);
}

/*
 * Free a folio that left the pool. Only a short-lived speculative reference
 * (GUP-fast, a scan of physical memory) can keep it from being frozen.
 *
 * Returns 0, or an error if this must be retried later.
 */
static int mf_keep_dissolve(struct folio *folio)
{
	unsigned long pfn = folio_pfn(folio);
	unsigned long nr = folio_nr_pages(folio), lost;
	int err;

	lockdep_assert_held(&mf_mutex);

	if (!folio_ref_freeze(folio, 1))
		return -EBUSY;
	/* Set if the policy ended; the record has a bit for the base page. */
	folio_clear_hwpoison(folio);
	/* Flags of tail pages cannot be set while struct pages are shared. */
	err = hugetlb_vmemmap_restore_folio(folio_hstate(folio), folio);
	if (err) {
		folio_ref_unfreeze(folio, 1);
		return err;
	}

	lost = mf_keep_mark_raw_pages(folio);
	mf_keep_end_hugetlb(folio);
	hugetlb_free_frozen_folio(folio);

	pr_err("%#lx: kept huge page left the pool: %lu of %lu base pages lost, the others freed\n",
	       pfn, lost, nr);
	return 0;
}

/* Returns true if the folio must be retried later. */
static bool mf_keep_dissolve_or_retire(struct folio *folio)
{
	struct mf_keep_record *record = mf_keep_record(folio);
	unsigned long nr = folio_nr_pages(folio);
	unsigned long pfn = folio_pfn(folio);
	int err = 0;

	mutex_lock(&mf_mutex);
	if (folio_test_hugetlb_raw_hwp_unreliable(folio))
		mf_keep_retire(folio);
	else
		err = mf_keep_dissolve(folio);
	mutex_unlock(&mf_mutex);
	cond_resched();
	if (err)
		return true;
	if (record) {
		mf_keep_hide(pfn, nr, record);
		kvfree(record);
	}
	return false;
}

static void mf_keep_dissolve_workfn(struct work_struct *work)
{
	struct folio *folio, *next;
	LIST_HEAD(folios);

	spin_lock_irq(&hugetlb_lock);
	list_splice_init(&mf_keep_released, &folios);
	spin_unlock_irq(&hugetlb_lock);

	list_for_each_entry_safe(folio, next, &folios, lru) {
		list_del_init(&folio->lru);
		if (!mf_keep_dissolve_or_retire(folio))
			continue;
		spin_lock_irq(&hugetlb_lock);
		list_add_tail(&folio->lru, &mf_keep_released);
		spin_unlock_irq(&hugetlb_lock);
		queue_delayed_work(system_dfl_wq, &mf_keep_dissolve_work, HZ);
	}
}
