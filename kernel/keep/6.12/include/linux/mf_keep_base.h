/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mf_keep's files call by the names that newer kernels have for it.
 */
#ifndef _LINUX_MF_KEEP_BASE_H
#define _LINUX_MF_KEEP_BASE_H

#include <linux/pagevec.h>
#include <linux/rmap.h>

#define system_dfl_wq				system_unbound_wq
#define mf_page_flags(page)			((page)->flags)
#define page_pgoff(folio, page)			((folio)->index + folio_page_idx(folio, page))
#define page_address_in_vma(folio, page, vma)	page_address_in_vma(page, vma)
#define mapping_rmap_tree_foreach(vma, mapping, first, last)		\
	vma_interval_tree_foreach(vma, &(mapping)->i_mmap, first, last)

#define memory_failure_filtered(page)		hwpoison_filter(page)

/* arch/x86/kvm/mmu */
#define tdp_mmu_free_unused_sp			tdp_mmu_free_sp
#define is_mirror_sp(sp)			false
#define mf_for_each_tdp_pte(iter, kvm, root, min_level, start, end)	\
	for_each_tdp_pte_min_level(iter, root, min_level, start, end)

#endif /* _LINUX_MF_KEEP_BASE_H */
