/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Do not load again from a cached page of guest memory that is lost.
 */
#ifndef _LINUX_KVM_LOST_CACHE_H
#define _LINUX_KVM_LOST_CACHE_H

#include <linux/kvm_types.h>

#ifdef CONFIG_MF_KEEP_UE_MAPPED
bool __kvm_cache_lost(const struct gfn_to_hva_cache *ghc);
#else
static inline bool __kvm_cache_lost(const struct gfn_to_hva_cache *ghc)
{
	return false;
}
#endif

/* Before a load. Whoever loads keeps @ghc->load_failed up to date. */
static inline bool kvm_cache_lost(const struct gfn_to_hva_cache *ghc)
{
	return unlikely(ghc->load_failed) && __kvm_cache_lost(ghc);
}

#endif /* _LINUX_KVM_LOST_CACHE_H */
