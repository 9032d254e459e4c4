/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files mm/mf_keep*.c share: the record of a folio's raw pages.
 */
#ifndef _MM_MF_KEEP_H
#define _MM_MF_KEEP_H

#include <linux/hugetlb.h>

/* HugeTLB has no writeback: this mark is free, and finds poisoned folios. */
#define MF_KEEP_TAG	PAGECACHE_TAG_TOWRITE

/* A bitmap, a bit a base page; NULL for a folio without raw pages. */
static inline unsigned long *mf_keep_record(struct folio *folio)
{
	/* Pairs with the release in mf_keep_new_record(). */
	return smp_load_acquire((unsigned long **)&folio->_hugetlb_hwpoison);
}

unsigned long mf_keep_next_raw(struct folio *folio, unsigned long from,
			       unsigned long to);
unsigned long mf_keep_next_healthy(struct folio *folio, unsigned long from,
				   unsigned long to);

#endif /* _MM_MF_KEEP_H */
