// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kept folios: helpers for paths that touch the data, to stop before raw pages.
 */

#include <linux/export.h>
#include <linux/hugetlb.h>
#include <linux/mf_keep.h>
#include <linux/mm.h>
#include "mf_keep.h"

/* See mf_keep_healthy_pages(). */
unsigned long __mf_keep_healthy_pages(struct page *page, unsigned long nr)
{
	struct folio *folio = page_folio(page);
	unsigned long first = folio_page_idx(folio, page);

	return mf_keep_next_raw(folio, first, first + nr) - first;
}
EXPORT_SYMBOL_GPL(__mf_keep_healthy_pages);

/**
 * mf_keep_healthy_bytes - count bytes up to the next raw page
 * @folio: kept folio with raw pages that the caller holds a reference to
 * @offset: offset of the first byte in @folio
 * @len: number of bytes requested, within the folio
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
 * mf_keep_zero_segment - zero part of a folio, except for its raw pages
 * @folio: locked HugeTLB folio, so that no error is being recorded
 * @start: offset of the first byte to zero
 * @end: offset of the byte after the last
 *
 * Return: 0, or -EIO if the range includes a raw page, whose healthy lines keep
 * their contents.
 */
int mf_keep_zero_segment(struct folio *folio, size_t start, size_t end)
{
	unsigned long next;
	size_t len;
	int err = 0;

	if (!folio_mf_keep_poisoned(folio)) {
		folio_zero_segment(folio, start, end);
		return 0;
	}

	while (start < end) {
		len = mf_keep_healthy_bytes(folio, start, end - start);
		if (len)
			folio_zero_segment(folio, start, start + len);
		if (len < end - start)
			err = -EIO;
		next = mf_keep_next_healthy(folio,
					    (start + len) >> PAGE_SHIFT,
					    folio_nr_pages(folio));
		start = max(start + len, next << PAGE_SHIFT);
	}
	return err;
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

static bool mf_keep_on_record(struct page *page)
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

/**
 * mf_keep_page_lost - is this a raw page of a kept folio, or was it one?
 * @page: any page; no reference needed
 *
 * For pfn walkers. While the folio is being released, err on the side of lost.
 * A release sets PG_hwpoison before it drops the record, so checking them in
 * the opposite order finds one or the other.
 */
bool mf_keep_page_lost(struct page *page)
{
	if (mf_keep_on_record(page))
		return true;
	/* Pairs with smp_wmb() in mf_keep_mark_raw_pages(). */
	smp_rmb();
	return PageHWPoison(page);
}
