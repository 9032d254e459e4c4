/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM's handler for a base page of guest memory that is lost but stays mapped.
 */
#ifndef _LINUX_KVM_MEMORY_FAILURE_H
#define _LINUX_KVM_MEMORY_FAILURE_H

#include <linux/kvm_host.h>

#ifdef CONFIG_KVM_MEMORY_FAILURE_EXIT
bool kvm_mmu_memory_failure(struct kvm *kvm, struct kvm_gfn_range *range);
#else
/* Like any other event: healthy pages are faulted in again. */
#define kvm_mmu_memory_failure	kvm_mmu_unmap_gfn_range
#endif

#endif /* _LINUX_KVM_MEMORY_FAILURE_H */
