// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keep HugeTLB folios mapped after an uncorrectable memory error.
 *
 * Life of a kept folio:
 *
 *	mf_keep_adopt()			enters the page cache of such a file
 *	mf_keep_memory_failure()	loses a base page: recorded, SIGBUS sent
 *	mf_keep_release()		last reference dropped: leaves the pool
 *	mf_keep_dissolve()		healthy base pages to the buddy allocator
 *
 * The last two are in mf_keep_release.c. mf_keep_access.c has the helpers that
 * stop before raw pages, mf_keep_fdinfo.c shows user space which pages are raw.
 *
 * The record of raw pages is a bitmap, one bit per base page, attached to
 * folio->_hugetlb_hwpoison. The head's PG_hwpoison stays clear, so the code
 * that takes huge pages away from their users does not see these folios.
 *
 * Locking: mf_mutex is held to change a record, and from the last look at it
 * until the base pages are free; so an error is either on the record, or hits
 * the base page that is left of the folio. Readers of a record hold a reference
 * to the folio instead: a release starts at zero references, and dissolves the
 * folio only while its own reference is the only one.
 */

#define pr_fmt(fmt) "Memory failure: " fmt

#include <linux/hugetlb.h>
#include <linux/mf_keep.h>
#include <linux/mf_keep_base.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include "internal.h"
#include "mf_keep.h"

/**
 * mf_keep_adopt - apply the policy of a file to a folio in its page cache
 * @folio: locked HugeTLB folio that is not mapped yet
 * @mapping: the file's mapping, which the folio was added to
 *
 * A folio that is already known to be poisoned is not put under the policy, as
 * its record has a different format.
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
 * Return: 0, or -EBUSY if @src has raw pages: those must stay at the addresses
 * that were reported to their users.
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
	/* Pairs with mf_keep_record(): readers find a complete record. */
	smp_store_release((struct mf_keep_record **)&folio->_hugetlb_hwpoison,
			  record);
}

/* Returns true if the page was not on the record yet. Caller holds mf_mutex. */
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
 * Is the page on a record that has real errors? Then memory_failure() has
 * nothing to learn from another one.
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
 * Handling an error
 */

/* Get a reference to the folio of @page if it is kept and not being freed. */
struct folio *mf_keep_try_get_folio(struct page *page)
{
	struct folio *folio = page_folio(page);

	if (!folio_mf_keep(folio) || !folio_try_get(folio))
		return NULL;
	/* Found without a reference: recheck that it is still the folio. */
	if (folio == page_folio(page) && folio_mf_keep(folio))
		return folio;
	folio_put(folio);
	return NULL;
}

/*
 * Find the folio of @page if it is under the policy, with a reference that
 * the caller drops. @has_ref: the caller already holds one.
 *
 * A refcount of zero is short-lived: free_huge_folio() is on its way to
 * mf_keep_release(), or migration is replacing the folio. Neither needs
 * mf_mutex, and mf_keep_dissolve() freezes folios only under it.
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

/* Mark the folio for fdinfo. The folio lock keeps it in its mapping. */
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
 * Users that cache the kernel's address of the page, or map it for a guest or a
 * device, must look it up again. The page tables of processes do not change.
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

	pgoff = page_pgoff(folio, page);
	i_mmap_lock_read(mapping);
	mapping_rmap_tree_foreach(vma, mapping, pgoff, pgoff) {
		address = page_address_in_vma(folio, page, vma);
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

/* Signal the consuming task, and tasks that opted in to early kill. */
static int mf_keep_first_report(struct page *page, int flags,
				struct list_head *tokill)
{
	unsigned long pfn = page_to_pfn(page);

	kill_procs(tokill, true, pfn, flags);
	return action_result(pfn, MF_MSG_HUGE, MF_RECOVERED);
}

/*
 * The page is known to be lost: signal only the task that consumed it again,
 * and charge the folio. mf_mutex is not held, as this waits for the consumer's
 * mmap_lock, which the consumer can hold for as long as it likes.
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
 * The folio lock keeps out migration, and keeps the folio in its mapping while
 * we look for the processes that map it.
 */
static int mf_keep_handle_error(struct folio *folio, struct page *page,
				int flags)
{
	LIST_HEAD(tokill);
	bool news;
	int res;

	folio_lock(folio);
	if (memory_failure_filtered(page)) {
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
 * @res: return value of memory_failure(), set if this returns true
 *
 * The folio stays mapped and in the page cache. No reference is kept, so there
 * is nothing to balance when the folio is released.
 *
 * Context: process context, mf_mutex held; released and taken again if the
 * page is already known.
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
 * @res: return value of memory_failure(), set if this returns true
 *
 * The owner of a raw page can consume it at will, while holding locks that its
 * report has to wait for. So take no lock that others wait for, least of all
 * mf_mutex; a reference is enough to read the record.
 *
 * Context: process context, mf_mutex not held.
 * Return: true if @pfn is on the record of a kept folio and was handled here.
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
