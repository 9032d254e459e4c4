// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keep HugeTLB folios mapped after an uncorrectable memory error.
 *
 * Life of a kept folio:
 *
 *	mf_keep_adopt()			enters the page cache of a file that asked
 *	mf_keep_memory_failure()	a base page is lost: recorded, SIGBUS sent
 *	mf_keep_release()		the last reference went: out of the pool
 *	mf_keep_dissolve()		healthy base pages to the buddy allocator
 *
 * The record of raw pages is a bitmap, a bit a base page, that hangs off
 * folio->_hugetlb_hwpoison. The head's PG_hwpoison stays clear, so the code
 * that takes huge pages away from their users does not see these folios.
 *
 * Locking: mf_mutex is held to change a record, and from reading it for the
 * last time until the base pages are free; so an error is either on the record
 * or meets the base page that is left of the folio. Whoever reads a record
 * holds a reference to the folio instead: a release starts at zero references
 * and takes the folio away only from its own single one.
 */

#define pr_fmt(fmt) "Memory failure: " fmt

#include <linux/hugetlb.h>
#include <linux/mf_keep.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/pagemap.h>
#include <linux/pagevec.h>
#include <linux/seq_file.h>
#include <linux/workqueue.h>
#include "hugetlb_vmemmap.h"
#include "internal.h"

/* HugeTLB has no writeback: this mark is free, and finds poisoned folios. */
#define MF_KEEP_TAG	PAGECACHE_TAG_TOWRITE

/**
 * mf_keep_adopt - a folio entered a page cache: apply the policy of its file
 * @folio: locked HugeTLB folio that is mapped nowhere yet
 * @mapping: where it went
 *
 * A folio that the kernel knows to be poisoned already keeps the treatment
 * that it had, as its record has another shape.
 */
void mf_keep_adopt(struct folio *folio, struct address_space *mapping)
{
	if (!mapping_mf_keep(mapping))
		return;

	spin_lock_irq(&hugetlb_lock);
	if (!folio_test_hwpoison(folio))
		folio_set_hugetlb_mf_keep(folio);
	spin_unlock_irq(&hugetlb_lock);
}

/**
 * mf_keep_migrate - prepare to replace @src by @dst in the page cache
 * @dst: new folio, locked
 * @src: old folio, locked, so that no error is being recorded
 *
 * Return: 0, or -EBUSY if @src has raw pages: those must stay where their
 * users were told that they are.
 */
int mf_keep_migrate(struct folio *dst, struct folio *src)
{
	if (folio_mf_keep_poisoned(src))
		return -EBUSY;
	if (folio_mf_keep(src))
		mf_keep_adopt(dst, src->mapping);
	return 0;
}

/*
 * The record
 */

static unsigned long *mf_keep_record(struct folio *folio)
{
	/* Pairs with the release in mf_keep_new_record(). */
	return smp_load_acquire((unsigned long **)&folio->_hugetlb_hwpoison);
}

static void mf_keep_new_record(struct folio *folio)
{
	size_t size = BITS_TO_LONGS(folio_nr_pages(folio)) * sizeof(long);
	unsigned long *record = kvzalloc(size, GFP_KERNEL | __GFP_NOWARN);

	if (!record) {
		pr_err("%#lx: no memory for the record of a kept huge page: all of it counts as lost\n",
		       folio_pfn(folio));
		folio_set_hugetlb_raw_hwp_unreliable(folio);
		return;
	}
	/* The bitmap is clear before a reader finds it. */
	smp_store_release((unsigned long **)&folio->_hugetlb_hwpoison, record);
}

/* Returns whether this raw page is news. Caller holds mf_mutex. */
static bool mf_keep_add_raw_page(struct folio *folio, struct page *page)
{
	unsigned long *record;

	lockdep_assert_held(&mf_mutex);

	if (folio_test_hugetlb_raw_hwp_unreliable(folio))
		return false;
	if (!mf_keep_record(folio))
		mf_keep_new_record(folio);
	record = mf_keep_record(folio);

	return !record || !test_and_set_bit(folio_page_idx(folio, page), record);
}

/* First raw page at or after base page @from and before @to, or @to. */
static unsigned long mf_keep_next_raw(struct folio *folio, unsigned long from,
				      unsigned long to)
{
	unsigned long *record = mf_keep_record(folio);

	return record ? find_next_bit(record, to, from) : from;
}

static unsigned long mf_keep_next_healthy(struct folio *folio,
					  unsigned long from, unsigned long to)
{
	unsigned long *record = mf_keep_record(folio);

	return record ? find_next_zero_bit(record, to, from) : to;
}

/*
 * An error arrives
 */

/*
 * Find the folio of @page if it is under the policy, with a reference that
 * the caller drops; @has_ref says that he came with one.
 *
 * Zero references last for a moment only: free_huge_folio() is on its way to
 * mf_keep_release(), or migration exchanges the folio. Neither needs mf_mutex,
 * and mf_keep_dissolve() freezes folios under it only.
 */
static struct folio *mf_keep_get_folio(struct page *page, bool has_ref)
{
	struct folio *folio;
	bool keep, got;

	for (;;) {
		spin_lock_irq(&hugetlb_lock);
		folio = page_folio(page);
		keep = folio_mf_keep(folio);
		got = keep && (has_ref || folio_try_get(folio));
		spin_unlock_irq(&hugetlb_lock);

		if (!keep)
			return NULL;
		if (got)
			return folio;
		schedule_timeout_uninterruptible(1);
	}
}

/* Make fdinfo find the folio. The folio lock keeps it in its mapping. */
static void mf_keep_tag_folio(struct folio *folio)
{
	struct address_space *mapping = folio->mapping;

	if (!mapping)
		return;

	xa_lock_irq(&mapping->i_pages);
	__xa_set_mark(&mapping->i_pages, folio->index, MF_KEEP_TAG);
	xa_unlock_irq(&mapping->i_pages);
}

/* Signal the consumer, and who asked to hear of errors early. */
static int mf_keep_first_report(struct page *page, int flags,
				struct list_head *tokill)
{
	unsigned long pfn = page_to_pfn(page);

	kill_procs(tokill, true, pfn, flags);
	return action_result(pfn, MF_MSG_HUGE, MF_RECOVERED);
}

/* The page is known to be lost: only who consumed it anew is told. */
static int mf_keep_repeated_report(struct page *page, int flags)
{
	unsigned long pfn = page_to_pfn(page);
	int res = -EHWPOISON;

	if (flags & MF_ACTION_REQUIRED)
		res = kill_accessing_process(current, pfn, flags);
	action_result(pfn, MF_MSG_ALREADY_POISONED, MF_RECOVERED);
	return res;
}

/*
 * The folio lock keeps migration out, and the folio in its mapping while we
 * look for the processes that map it.
 */
static int mf_keep_handle_error(struct folio *folio, struct page *page,
				int flags)
{
	LIST_HEAD(tokill);
	bool news;

	folio_lock(folio);
	if (hwpoison_filter(page)) {
		folio_unlock(folio);
		return -EOPNOTSUPP;
	}
	news = mf_keep_add_raw_page(folio, page);
	if (news) {
		mf_keep_tag_folio(folio);
		collect_procs(folio, page, &tokill, flags & MF_ACTION_REQUIRED);
	}
	folio_unlock(folio);

	if (news)
		return mf_keep_first_report(page, flags, &tokill);
	return mf_keep_repeated_report(page, flags);
}

/**
 * mf_keep_memory_failure - the policy's part of memory_failure()
 * @pfn: base page with an uncorrectable error
 * @flags: as for memory_failure()
 * @res: answer of memory_failure(), set if this returns true
 *
 * The folio stays mapped and in the page cache. No reference is kept: there is
 * nothing to balance when the folio goes.
 *
 * Context: process context, mf_mutex held.
 * Return: true if the error was handled here, false if @pfn is not part of a
 * kept folio.
 */
bool mf_keep_memory_failure(unsigned long pfn, int flags, int *res)
{
	struct page *page = pfn_to_page(pfn);
	struct folio *folio;

	folio = mf_keep_get_folio(page, flags & MF_COUNT_INCREASED);
	if (!folio)
		return false;

	*res = mf_keep_handle_error(folio, page, flags);
	folio_put(folio);
	return true;
}

/*
 * Who wants to touch the data
 */

/* See mf_keep_healthy_pages(). */
unsigned long __mf_keep_healthy_pages(struct page *page, unsigned long nr)
{
	struct folio *folio = page_folio(page);
	unsigned long first = folio_page_idx(folio, page);

	return mf_keep_next_raw(folio, first, first + nr) - first;
}

/**
 * mf_keep_healthy_bytes - count bytes up to the next raw page
 * @folio: kept folio with raw pages that the caller has a reference to
 * @offset: of the first byte in @folio
 * @len: number of bytes asked for, within the folio
 *
 * Return: how many of @len bytes can be read, 0 if @offset is in a raw page.
 */
size_t mf_keep_healthy_bytes(struct folio *folio, size_t offset, size_t len)
{
	unsigned long first = offset >> PAGE_SHIFT;
	unsigned long end = DIV_ROUND_UP(offset + len, PAGE_SIZE);
	unsigned long raw = mf_keep_next_raw(folio, first, end);

	if (raw == first)
		return 0;
	return min(offset + len, raw << PAGE_SHIFT) - offset;
}

/**
 * mf_keep_zero_segment - zero a part of a folio, except for its raw pages
 * @folio: HugeTLB folio that the caller has a reference to
 * @start: offset of the first byte to zero
 * @end: offset of the byte after the last
 */
void mf_keep_zero_segment(struct folio *folio, size_t start, size_t end)
{
	unsigned long next;
	size_t len;

	if (!folio_mf_keep_poisoned(folio)) {
		folio_zero_segment(folio, start, end);
		return;
	}

	while (start < end) {
		len = mf_keep_healthy_bytes(folio, start, end - start);
		if (len)
			folio_zero_segment(folio, start, start + len);
		next = mf_keep_next_healthy(folio,
					    (start + len) >> PAGE_SHIFT,
					    folio_nr_pages(folio));
		start = max(start + len, next << PAGE_SHIFT);
	}
}

/* Is a byte of the file from @start to @end in a raw page of the folio? */
static bool mf_keep_range_lost(struct folio *folio, loff_t start, loff_t end)
{
	loff_t pos = folio_pos(folio);
	size_t from = max(start, pos) - pos;
	size_t to = min_t(loff_t, end + 1 - pos, folio_size(folio));

	return mf_keep_healthy_bytes(folio, from, to - from) < to - from;
}

/* See mf_keep_check_pinned(). */
int __mf_keep_check_pinned(struct folio **folios, unsigned int nr,
			   loff_t start, loff_t end)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (folio_mf_keep_poisoned(folios[i]) &&
		    mf_keep_range_lost(folios[i], start, end))
			return -EHWPOISON;
	return 0;
}

/**
 * mf_keep_page_lost - is this a raw page of a kept folio?
 * @page: any page; no reference needed
 *
 * For who looks at memory by its physical address. An in-doubt page of a
 * folio that is being released counts as lost.
 */
bool mf_keep_page_lost(struct page *page)
{
	struct folio *folio = page_folio(page);
	bool lost;

	if (!folio_mf_keep(folio))
		return false;
	if (!folio_try_get(folio))
		return folio_mf_keep_poisoned(folio);

	lost = folio == page_folio(page) && !mf_keep_healthy_pages(page, 1);
	folio_put(folio);
	return lost;
}

/*
 * The last reference went
 */

/* Folios on their way out of the pool, by folio->lru; hugetlb_lock. */
static LIST_HEAD(mf_keep_released);

static void mf_keep_dissolve_workfn(struct work_struct *work);
static DECLARE_DELAYED_WORK(mf_keep_dissolve_work, mf_keep_dissolve_workfn);

/* One page less in the pool. What reservations there are stay as they are. */
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
 * The rest needs process context, so a work owns the folio from here on. It
 * stays a HugeTLB folio, and has one reference, until that work ends it under
 * mf_mutex: an error that arrives in between goes on the record.
 *
 * Context: hugetlb_lock held, any context.
 * Return: false if the folio has no raw page and goes the usual way.
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
	mod_delayed_work(system_unbound_wq, &mf_keep_dissolve_work, 0);
	return true;
}

/* Move the record to the flags of the base pages. */
static unsigned long mf_keep_mark_raw_pages(struct folio *folio)
{
	unsigned long nr = folio_nr_pages(folio);
	unsigned long i, lost = 0;

	for (i = mf_keep_next_raw(folio, 0, nr); i < nr;
	     i = mf_keep_next_raw(folio, i + 1, nr)) {
		SetPageHWPoison(folio_page(folio, i));
		lost++;
	}
	folio_set_has_hwpoisoned(folio);
	return lost;
}

/* No longer HugeTLB: a compound page that has_hwpoisoned marks. */
static void mf_keep_end_hugetlb(struct folio *folio)
{
	unsigned long *record = mf_keep_record(folio);

	spin_lock_irq(&hugetlb_lock);
	folio->_hugetlb_hwpoison = NULL;
	arch_clear_hugetlb_flags(folio);
	__folio_clear_hugetlb(folio);
	folio->private = NULL;
	spin_unlock_irq(&hugetlb_lock);
	kvfree(record);
}

/* Nobody knows which base pages are raw: never use any of them again. */
static void mf_keep_retire(struct folio *folio)
{
	pr_err("%#lx: all %lu kB of a kept huge page are retired: its raw pages are not known\n",
	       folio_pfn(folio), folio_size(folio) >> 10);
}

/*
 * Give back a folio that left the pool. The reference that can keep it from
 * being frozen is one that somebody took to look at it (GUP-fast, a scan of
 * physical memory), and goes by itself.
 *
 * Returns 0, or an error if this must be tried again later.
 */
static int mf_keep_dissolve(struct folio *folio)
{
	unsigned long pfn = folio_pfn(folio);
	unsigned long nr = folio_nr_pages(folio), lost;
	int err;

	lockdep_assert_held(&mf_mutex);

	if (!folio_ref_freeze(folio, 1))
		return -EBUSY;
	/* The flags of tail pages can't be set while these share memory. */
	err = hugetlb_vmemmap_restore_folio(folio_hstate(folio), folio);
	if (err) {
		folio_ref_unfreeze(folio, 1);
		return err;
	}

	lost = mf_keep_mark_raw_pages(folio);
	mf_keep_end_hugetlb(folio);
	folio_ref_unfreeze(folio, 1);
	hugetlb_free_folio(folio);

	pr_err("%#lx: kept huge page left the pool: %lu of %lu base pages lost, the others freed\n",
	       pfn, lost, nr);
	return 0;
}

/* Returns whether the folio must be tried again. */
static bool mf_keep_dissolve_or_retire(struct folio *folio)
{
	int err = 0;

	mutex_lock(&mf_mutex);
	if (folio_test_hugetlb_raw_hwp_unreliable(folio))
		mf_keep_retire(folio);
	else
		err = mf_keep_dissolve(folio);
	mutex_unlock(&mf_mutex);
	cond_resched();
	return err;
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
		queue_delayed_work(system_unbound_wq, &mf_keep_dissolve_work, HZ);
	}
}

/*
 * /proc/PID/fdinfo/FD
 */

#ifdef CONFIG_PROC_FS
/* A range of lost base pages of a file, [start, end), not yet printed. */
struct mf_keep_range {
	struct seq_file *m;
	pgoff_t start;
	pgoff_t end;
};

static void mf_keep_show_range(struct mf_keep_range *range)
{
	if (range->start == range->end)
		return;
	seq_printf(range->m, "mf_ue: %#llx+%#llx\n",
		   (u64)range->start << PAGE_SHIFT,
		   (u64)(range->end - range->start) << PAGE_SHIFT);
}

static void mf_keep_extend_range(struct mf_keep_range *range, pgoff_t start,
				 pgoff_t end)
{
	if (start != range->end) {
		mf_keep_show_range(range);
		range->start = start;
	}
	range->end = end;
}

static void mf_keep_show_folio(struct mf_keep_range *range, struct folio *folio)
{
	unsigned long nr = folio_nr_pages(folio);
	unsigned long start, end;

	for (start = mf_keep_next_raw(folio, 0, nr); start < nr;
	     start = mf_keep_next_raw(folio, end, nr)) {
		end = mf_keep_next_healthy(folio, start, nr);
		mf_keep_extend_range(range, folio->index + start,
				     folio->index + end);
	}
}

/**
 * mf_keep_show_fdinfo - what of this file is lost?
 * @m: where to print
 * @file: HugeTLB file
 *
 * Prints nothing for a file without the policy. Costs what is lost, not the
 * size of the file.
 */
void mf_keep_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct address_space *mapping = file->f_mapping;
	struct mf_keep_range range = { .m = m };
	struct folio_batch fbatch;
	pgoff_t index = 0;
	unsigned int i;

	if (!mapping_mf_keep(mapping))
		return;

	seq_puts(m, "mf_keep_ue_mapped: 1\n");
	folio_batch_init(&fbatch);
	while (filemap_get_folios_tag(mapping, &index, -1, MF_KEEP_TAG,
				      &fbatch)) {
		for (i = 0; i < folio_batch_count(&fbatch); i++) {
			struct folio *folio = fbatch.folios[i];

			if (folio_mf_keep_poisoned(folio))
				mf_keep_show_folio(&range, folio);
		}
		folio_batch_release(&fbatch);
		cond_resched();
	}
	mf_keep_show_range(&range);
}
#endif /* CONFIG_PROC_FS */
