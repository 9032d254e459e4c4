/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KVM_CAP_MEMORY_FAILURE_EXIT: unmap lost base pages from stage 2.
 */
#ifndef __KVM_X86_MMU_MEMORY_FAILURE_H
#define __KVM_X86_MMU_MEMORY_FAILURE_H

#include <linux/kvm_host.h>

struct kvm_page_fault;

int kvm_mf_max_level(kvm_pfn_t pfn, int level);
int kvm_mf_exit(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault);

#ifdef CONFIG_KVM_MEMORY_FAILURE_EXIT

#define KVM_MEMORY_FAILURE_EXIT_FLAGS	KVM_MEMORY_FAILURE_EXIT_HOLE

/* Is the capability enabled? It can only be enabled before vCPUs exist. */
static inline bool kvm_mf_exits(struct kvm *kvm)
{
	return READ_ONCE(kvm->arch.mf_exit);
}

int kvm_mf_enable_exit(struct kvm *kvm, const u64 *args);
void kvm_mf_destroy_vm(struct kvm *kvm);

#else

#define KVM_MEMORY_FAILURE_EXIT_FLAGS	0

static inline bool kvm_mf_exits(struct kvm *kvm)
{
	return false;
}

static inline int kvm_mf_enable_exit(struct kvm *kvm, const u64 *args)
{
	return -EINVAL;
}

static inline void kvm_mf_destroy_vm(struct kvm *kvm) {}

#endif /* CONFIG_KVM_MEMORY_FAILURE_EXIT */
#endif /* __KVM_X86_MMU_MEMORY_FAILURE_H */
