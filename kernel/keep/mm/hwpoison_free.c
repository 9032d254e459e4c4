// SPDX-License-Identifier: GPL-2.0-only
/*
 * Free a compound page that has poisoned base pages.
 *
 * memory_failure() marks such a compound page with PG_has_hwpoisoned and its
 * poisoned base pages with PG_hwpoison. The page allocator must get all base
 * pages except those, and must not get those even for an instant: unless
 * debugging is enabled, it does not check the flags of pages it hands out.
 */

#include <linux/mf_keep_base.h>
#include <linux/mm.h>
#include <linux/page_owner.h>
#include <linux/page_table_check.h>
#include <linux/pgalloc_tag.h>
#include "internal.h"

/*
 * Turn a compound page into plain base pages. Accounting that the allocator
 * does for a compound page as a whole is done here, as its size is not known
 * later; base pages are checked when they are freed.
 */
static void uncompound_page(struct page *head, unsigned int order)
{
	unsigned long i;

	if (PageAnon(head)) {
		mod_mthp_stat(order, MTHP_STAT_NR_ANON, -1);
		head->mapping = NULL;
	}
	/* Page owner's data are contiguous only within a memory section. */
	for (i = 0; i < 1UL << order; i += MAX_ORDER_NR_PAGES)
		split_page_owner(head + i, min(order, MAX_PAGE_ORDER), 0);

	for (i = 1; i < 1UL << order; i++) {
		struct page *page = head + i;

		page->mapping = NULL;
		page->private = 0;
		clear_compound_head(page);
	}
	__ClearPageHead(head);
}

/*
 * A poisoned page keeps the reference of memory_failure() for good. For page
 * owner it is not free either: that counts frees, and unpoison_memory() may
 * free the page later.
 */
static void retire_page(struct page *page)
{
	mf_page_flags(page) &= ~PAGE_FLAGS_CHECK_AT_PREP;
	page->private = 0;
	page_table_check_free(page, 0);
	clear_page_tag_ref(page);
	set_page_refcounted(page);
}

/* Free [@pfn, @end) in the largest aligned blocks. */
static void free_healthy_range(unsigned long pfn, unsigned long end)
{
	unsigned int order;

	for (; pfn < end; pfn += 1UL << order) {
		order = min_t(unsigned int, ilog2(end - pfn),
			      __ffs(pfn | 1UL << MAX_PAGE_ORDER));
		clear_page_tag_ref(pfn_to_page(pfn));
		free_block_to_buddy(pfn_to_page(pfn), order);
	}
}

/**
 * free_has_hwpoisoned - free the healthy base pages of a compound page
 * @head: compound page without references, with PG_has_hwpoisoned
 * @order: of the compound page
 *
 * Healthy base pages go to the buddy allocator, bypassing the per-CPU lists.
 * Poisoned ones never get there; each is left with one reference, as
 * memory_failure() and unpoison_memory() expect for single pages.
 *
 * Context: any that can free pages.
 */
void free_has_hwpoisoned(struct page *head, unsigned int order)
{
	unsigned long start = page_to_pfn(head);
	unsigned long end = start + (1UL << order);
	unsigned long pfn;

	uncompound_page(head, order);
	for (pfn = start; pfn < end; pfn++) {
		if (!PageHWPoison(pfn_to_page(pfn)))
			continue;
		free_healthy_range(start, pfn);
		retire_page(pfn_to_page(pfn));
		start = pfn + 1;
	}
	free_healthy_range(start, end);
}
