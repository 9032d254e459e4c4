/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mf_keep's files cannot call by the same name on every kernel.
 */
#ifndef _LINUX_MF_KEEP_BASE_H
#define _LINUX_MF_KEEP_BASE_H

#include <linux/folio_batch.h>

#define mf_page_flags(page)		((page)->flags.f)

/* arch/x86/kvm/mmu */
#define mf_for_each_tdp_pte		for_each_tdp_pte_min_level

#endif /* _LINUX_MF_KEEP_BASE_H */
