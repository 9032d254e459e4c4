/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keep HugeTLB folios mapped after an uncorrectable memory error.
 *
 * A file made by memfd_create(MFD_HUGETLB | MFD_MF_KEEP_UE_MAPPED), or on a
 * mount of hugetlbfs with mf_keep_ue_mapped, loses base pages, not huge pages,
 * to memory_failure(). The folio stays in the page cache and mapped as a huge
 * page; the base pages that hold errors (raw pages) are recorded; when the last
 * reference to the folio is dropped, it leaves the HugeTLB pool and all base
 * pages but the raw ones return to the buddy allocator. See
 * Documentation/mm/mf_keep.rst.
 */
#ifndef _LINUX_MF_KEEP_H
#define _LINUX_MF_KEEP_H

#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/memory_hotplug.h>
#include <linux/pagemap.h>
#include <linux/memfd.h>

struct seq_file;

#ifdef CONFIG_MF_KEEP_UE_MAPPED

/* Further flags that memfd_create() accepts together with MFD_HUGETLB. */
#define MF_KEEP_MFD_FLAGS	MFD_MF_KEEP_UE_MAPPED

/**
 * mapping_set_mf_keep - put all future folios of @mapping under the policy
 * @mapping: mapping of a HugeTLB file that nobody else can see yet
 */
static inline void mapping_set_mf_keep(struct address_space *mapping)
{
	set_bit(AS_MF_KEEP_UE_MAPPED, &mapping->flags);
}

static inline bool mapping_mf_keep(const struct address_space *mapping)
{
	return test_bit(AS_MF_KEEP_UE_MAPPED, &mapping->flags);
}

/**
 * folio_mf_keep - is this folio under the policy?
 * @folio: any folio
 *
 * This is a property of the folio, not looked up in its mapping: it also holds
 * for a folio that was truncated while pinned, and reading it needs no lock.
 *
 * Context: any; stable while the caller holds a reference or hugetlb_lock.
 */
static inline bool folio_mf_keep(const struct folio *folio)
{
	return folio_test_hugetlb(folio) &&
	       folio_test_hugetlb_mf_keep((struct folio *)folio);
}

/**
 * folio_mf_keep_poisoned - is this a kept folio with at least one raw page?
 * @folio: any folio
 *
 * Context: any. An error may arrive right after this returned false; true holds
 * until the folio is released.
 */
static inline bool folio_mf_keep_poisoned(struct folio *folio)
{
	return folio_mf_keep(folio) &&
	       (READ_ONCE(folio->_hugetlb_hwpoison) ||
		folio_test_hugetlb_raw_hwp_unreliable(folio));
}

/**
 * mf_keep_stays_mapped - must a page stay in the direct map despite its poison?
 * @pfn: any page frame
 *
 * While a folio is kept, users of pins access it there. Its raw pages leave the
 * direct map when the folio is released.
 *
 * Context: any.
 */
static inline bool mf_keep_stays_mapped(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && folio_mf_keep(page_folio(page));
}

/**
 * mf_keep_granule - how much of the address space is lost to an error at @page?
 * @page: the base page with the error
 * @shift: log2 of the lost size in bytes where the policy does not apply
 *
 * Return: what SIGBUS reports as si_addr_lsb.
 */
static inline short mf_keep_granule(const struct page *page, short shift)
{
	const struct folio *folio = page_folio(page);

	return folio_mf_keep(folio) && !folio_test_hwpoison(folio) ?
	       PAGE_SHIFT : shift;
}

void mf_keep_adopt(struct folio *folio, struct address_space *mapping);
int mf_keep_migrate(struct folio *dst, struct folio *src);
bool mf_keep_memory_failure(unsigned long pfn, int flags, int *res);
bool mf_keep_repeat(unsigned long pfn, int flags, int *res);
void mf_keep_kernel_access(unsigned long pfn);
bool mf_keep_release(struct hstate *h, struct folio *folio);

unsigned long __mf_keep_healthy_pages(struct page *page, unsigned long nr);
size_t mf_keep_healthy_bytes(struct folio *folio, size_t offset, size_t len);
int mf_keep_zero_segment(struct folio *folio, size_t start, size_t end);
bool mf_keep_page_lost(struct page *page);
void mf_keep_show_fdinfo(struct seq_file *m, struct file *file);
int __mf_keep_check_pinned(struct folio **folios, unsigned int nr,
			   loff_t start, loff_t end);

/**
 * mf_keep_healthy_pages - count base pages up to the next raw page
 * @page: first base page, of a folio that the caller holds a reference to
 * @nr: number of base pages requested, within the folio
 *
 * Return: @nr if there is no raw page among them, 0 if @page itself is one.
 */
static inline unsigned long mf_keep_healthy_pages(struct page *page,
						  unsigned long nr)
{
	if (likely(!folio_mf_keep_poisoned(page_folio(page))))
		return nr;
	return __mf_keep_healthy_pages(page, nr);
}

/**
 * mf_keep_check_pinned - may these folios of a file be given to a device?
 * @file: memory file
 * @folios: folios that the caller has pinned
 * @nr: number of folios
 * @start: offset in @file of the first byte requested
 * @end: offset of the last byte requested
 *
 * Return: 0, or -EHWPOISON if the requested range includes a raw page.
 */
static inline int mf_keep_check_pinned(struct file *file, struct folio **folios,
				       unsigned int nr, loff_t start,
				       loff_t end)
{
	if (likely(!mapping_mf_keep(file->f_mapping)))
		return 0;
	return __mf_keep_check_pinned(folios, nr, start, end);
}

#else /* !CONFIG_MF_KEEP_UE_MAPPED */

#define MF_KEEP_MFD_FLAGS	0
#define mf_keep_show_fdinfo	NULL

static inline void mapping_set_mf_keep(struct address_space *mapping) {}
static inline bool folio_mf_keep(const struct folio *folio)
{
	return false;
}

static inline bool folio_mf_keep_poisoned(struct folio *folio)
{
	return false;
}

static inline bool mf_keep_stays_mapped(unsigned long pfn)
{
	return false;
}

static inline short mf_keep_granule(const struct page *page, short shift)
{
	return shift;
}

static inline void mf_keep_adopt(struct folio *folio,
				 struct address_space *mapping) {}
static inline int mf_keep_migrate(struct folio *dst, struct folio *src)
{
	return 0;
}

static inline bool mf_keep_memory_failure(unsigned long pfn, int flags,
					  int *res)
{
	return false;
}

static inline bool mf_keep_repeat(unsigned long pfn, int flags, int *res)
{
	return false;
}

static inline void mf_keep_kernel_access(unsigned long pfn) {}

static inline bool mf_keep_release(struct hstate *h, struct folio *folio)
{
	return false;
}

static inline unsigned long mf_keep_healthy_pages(struct page *page,
						  unsigned long nr)
{
	return nr;
}

static inline size_t mf_keep_healthy_bytes(struct folio *folio, size_t offset,
					   size_t len)
{
	return len;
}

static inline int mf_keep_zero_segment(struct folio *folio, size_t start,
				       size_t end)
{
	folio_zero_segment(folio, start, end);
	return 0;
}

static inline bool mf_keep_page_lost(struct page *page)
{
	return false;
}

static inline int mf_keep_check_pinned(struct file *file, struct folio **folios,
				       unsigned int nr, loff_t start,
				       loff_t end)
{
	return 0;
}

#endif /* CONFIG_MF_KEEP_UE_MAPPED */
#endif /* _LINUX_MF_KEEP_H */
