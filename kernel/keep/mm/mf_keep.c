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
 * The last two are in mf_keep_release.c; mf_keep_access.c has what stops before
 * raw pages, mf_keep_fdinfo.c tells user space which these are.
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
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include "internal.h"
#include "mf_keep.h"

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

static void mf_keep_new_record(struct folio *folio)
{
	struct mf_keep_record *record;

	record = kvzalloc(struct_size(record, raw,
				      BITS_TO_LONGS(folio_nr_pages(folio))),
			  GFP_KERNEL | __GFP_NOWARN);
	if (!record) {
		pr_err("%#lx: no memory for the record of a kept huge page: all of it counts as lost\n",
		       folio_pfn(folio));
		folio_set_hugetlb_raw_hwp_unreliable(folio);
		return;
	}
	record->folio = folio;
	ratelimit_default_init(&record->lines);
	ratelimit_set_flags(&record->lines, RATELIMIT_MSG_ON_RELEASE);
	INIT_DELAYED_WORK(&record->unmap, mf_keep_unmap_workfn);
	/* It is complete before a reader finds it. */
	smp_store_release((struct mf_keep_record **)&folio->_hugetlb_hwpoison,
			  record);
}

/* Returns whether this raw page is news. Caller holds mf_mutex. */
static bool mf_keep_add_raw_page(struct folio *folio, struct page *page,
				 int flags)
{
	struct mf_keep_record *record;
	bool news;

	lockdep_assert_held(&mf_mutex);

	if (folio_test_hugetlb_raw_hwp_unreliable(folio))
		return false;
	if (!mf_keep_record(folio))
		mf_keep_new_record(folio);
	record = mf_keep_record(folio);
	if (!record)
		return true;

	news = !test_and_set_bit(folio_page_idx(folio, page), record->raw);
	if (!(flags & MF_SW_SIMULATED))
		WRITE_ONCE(record->hardware, true);
	return news;
}

/*
 * On the record, and memory_failure() has seen real errors: it has nothing to
 * learn from one more.
 */
bool mf_keep_is_known(struct folio *folio, struct page *page)
{
	struct mf_keep_record *record = mf_keep_record(folio);

	return record && READ_ONCE(record->hardware) &&
	       test_bit(folio_page_idx(folio, page), record->raw);
}

/* First raw page at or after base page @from and before @to, or @to. */
unsigned long mf_keep_next_raw(struct folio *folio, unsigned long from,
			       unsigned long to)
{
	struct mf_keep_record *record = mf_keep_record(folio);

	return record ? find_next_bit(record->raw, to, from) : from;
}

unsigned long mf_keep_next_healthy(struct folio *folio, unsigned long from,
				   unsigned long to)
{
	struct mf_keep_record *record = mf_keep_record(folio);

	return record ? find_next_zero_bit(record->raw, to, from) : to;
}

/*
 * An error arrives
 */

/* With a reference, if the folio of @page is under the policy, and not dying. */
struct folio *mf_keep_try_get_folio(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (!folio_mf_keep(folio) || !folio_try_get(folio))
		return NULL;
	/* What was found by luck may have become another folio meanwhile. */
	if (folio == page_folio(page) && folio_mf_keep(folio))
		return folio;
	folio_put(folio);
	return NULL;
}

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

/*
 * Whoever caches the kernel's address of the page, or maps it for a guest or a
 * device, has to look it up anew. The page tables of processes stay.
 */
static void mf_keep_notify_mmus(struct folio *folio, struct page *page)
{
	struct address_space *mapping = folio->mapping;
	struct mmu_notifier_range range;
	struct vm_area_struct *vma;
	unsigned long address;
	pgoff_t pgoff;

	if (!mapping)
		return;

	pgoff = page_to_pgoff(page);
	i_mmap_lock_read(mapping);
	vma_interval_tree_foreach(vma, &mapping->i_mmap, pgoff, pgoff) {
		address = page_address_in_vma(page, vma);
		if (address == -EFAULT)
			continue;
		mmu_notifier_range_init(&range, MMU_NOTIFY_MEMORY_FAILURE, 0,
					vma->vm_mm, address,
					address + PAGE_SIZE);
		mmu_notifier_invalidate_range_start(&range);
		mmu_notifier_invalidate_range_end(&range);
	}
	i_mmap_unlock_read(mapping);
}

/* Signal the consumer, and who asked to hear of errors early. */
static int mf_keep_first_report(struct page *page, int flags,
				struct list_head *tokill)
{
	unsigned long pfn = page_to_pfn(page);

	kill_procs(tokill, true, pfn, flags);
	return action_result(pfn, MF_MSG_HUGE, MF_RECOVERED);
}

/*
 * The page is known to be lost: only who consumed it anew is told, and pays.
 * mf_mutex is not held: the consumer's mmap_lock is his to hold.
 */
static int mf_keep_repeated_report(struct folio *folio, struct page *page,
				   int flags)
{
	struct mf_keep_record *record = mf_keep_record(folio);
	unsigned long pfn = page_to_pfn(page);

	lockdep_assert_not_held(&mf_mutex);

	if (flags & MF_ACTION_REQUIRED) {
		mf_keep_charge(folio, flags);
		kill_accessing_process(current, pfn, flags);
	}
	if (!record || __ratelimit(&record->lines))
		action_result(pfn, MF_MSG_ALREADY_POISONED, MF_RECOVERED);
	return -EHWPOISON;
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
	int res;

	folio_lock(folio);
	if (hwpoison_filter(page)) {
		folio_unlock(folio);
		return -EOPNOTSUPP;
	}
	news = mf_keep_add_raw_page(folio, page, flags);
	if (news) {
		mf_keep_tag_folio(folio);
		mf_keep_notify_mmus(folio, page);
		collect_procs(folio, page, &tokill, flags & MF_ACTION_REQUIRED);
	}
	folio_unlock(folio);

	if (news)
		return mf_keep_first_report(page, flags, &tokill);
	mutex_unlock(&mf_mutex);
	res = mf_keep_repeated_report(folio, page, flags);
	mutex_lock(&mf_mutex);
	return res;
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
 * Context: process context, mf_mutex held; released and taken again if the
 * page is known already.
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

/**
 * mf_keep_repeat - the policy's part of memory_failure() for known raw pages
 * @pfn: base page with an uncorrectable error
 * @flags: as for memory_failure()
 * @res: answer of memory_failure(), set if this returns true
 *
 * Who owns a raw page can consume it at will, and hold locks that the report
 * of it has to wait for. So it takes none that others wait for, mf_mutex least
 * of all; a reference is enough to read the record.
 *
 * Context: process context, mf_mutex not held.
 * Return: true if @pfn is on the record of a kept folio, and all is done.
 */
bool mf_keep_repeat(unsigned long pfn, int flags, int *res)
{
	struct page *page = pfn_to_online_page(pfn);
	struct folio *folio;
	bool known;

	if (!page || flags & MF_SW_SIMULATED)
		return false;
	folio = mf_keep_try_get_folio(page);
	if (!folio)
		return false;

	known = mf_keep_is_known(folio, page);
	if (known)
		*res = mf_keep_repeated_report(folio, page, flags);
	folio_put(folio);
	return known;
}
