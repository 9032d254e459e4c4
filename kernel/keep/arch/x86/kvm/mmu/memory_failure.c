// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_CAP_MEMORY_FAILURE_EXIT: unmap lost base pages from stage 2.
 *
 * A kept folio stays mapped after an error, see mm/mf_keep.c, and
 * MMU_NOTIFY_MEMORY_FAILURE notifies KVM of the lost base page. By default
 * stage 2 does not change. With the capability that base page alone is removed
 * from it; GUP refuses the page from then on, so any guest access to it exits.
 *
 * The order on both sides rules out races: the page is recorded before
 * KVM is notified, and mapping memory under mmu_lock checks the record. A
 * mapping made before the notifier gets the lock is found by the notifier; one
 * made later sees the record, or is retried (mmu_invalidate_retry_gfn()).
 */

#include <linux/kvm_memory_failure.h>
#include <linux/mf_keep.h>
#include <linux/mf_keep_base.h>

#include "mmu.h"
#include "mmu_internal.h"
#include "memory_failure.h"
#include "tdp_iter.h"
#include "tdp_mmu.h"

/* An error needs two per root: to split 1 GiB to 2 MiB, and that to 4 KiB. */
#define KVM_MF_RESERVE		8

/*
 * Page tables for splitting. Memory reclaim may wait for the notifier, so it
 * can allocate what is free, but must not wait for more. If nothing is free and
 * the reserve is empty, the hole is as large as the mapping was.
 */
struct kvm_mf_exit {
	struct list_head reserve;	/* protected by mmu_lock */
	unsigned int nr;
};

/* May sleep. Concurrent vCPUs may overfill the reserve slightly. */
static int kvm_mf_fill_reserve(struct kvm *kvm, struct kvm_mf_exit *exit)
{
	struct kvm_mmu_page *sp;

	while (tdp_mmu_enabled && READ_ONCE(exit->nr) < KVM_MF_RESERVE) {
		sp = tdp_mmu_alloc_sp_for_split(GFP_KERNEL_ACCOUNT);
		if (!sp)
			return -ENOMEM;
		write_lock(&kvm->mmu_lock);
		list_add(&sp->link, &exit->reserve);
		WRITE_ONCE(exit->nr, exit->nr + 1);
		write_unlock(&kvm->mmu_lock);
	}
	return 0;
}

static void kvm_mf_free_exit(struct kvm_mf_exit *exit)
{
	struct kvm_mmu_page *sp, *next;

	list_for_each_entry_safe(sp, next, &exit->reserve, link)
		tdp_mmu_free_unused_sp(sp);
	kfree(exit);
}

static struct kvm_mf_exit *kvm_mf_create_exit(struct kvm *kvm)
{
	struct kvm_mf_exit *exit = kzalloc(sizeof(*exit), GFP_KERNEL_ACCOUNT);

	if (!exit)
		return NULL;
	INIT_LIST_HEAD(&exit->reserve);
	if (!kvm_mf_fill_reserve(kvm, exit))
		return exit;
	kvm_mf_free_exit(exit);
	return NULL;
}

/**
 * kvm_mf_enable_exit - enable KVM_CAP_MEMORY_FAILURE_EXIT
 * @kvm: VM without vCPUs
 * @args: four arguments of KVM_ENABLE_CAP
 *
 * Does not check whether the VM has memory to which this applies: memslots come
 * and go.
 *
 * Return: 0, or a negative errno, in which case nothing has changed.
 */
int kvm_mf_enable_exit(struct kvm *kvm, const u64 *args)
{
	struct kvm_mf_exit *exit;
	int ret = 0;

	if (args[0] != KVM_MEMORY_FAILURE_EXIT_HOLE ||
	    args[1] || args[2] || args[3])
		return -EINVAL;
	exit = kvm_mf_create_exit(kvm);
	if (!exit)
		return -ENOMEM;

	mutex_lock(&kvm->lock);
	if (kvm->arch.mf_exit)
		ret = -EEXIST;
	else if (kvm->created_vcpus)
		ret = -EBUSY;
	else	/* notifiers may run: publish it complete */
		smp_store_release(&kvm->arch.mf_exit, exit);
	mutex_unlock(&kvm->lock);

	if (ret)
		kvm_mf_free_exit(exit);
	return ret;
}

/* No notifier can run any more. */
void kvm_mf_destroy_vm(struct kvm *kvm)
{
	if (kvm->arch.mf_exit)
		kvm_mf_free_exit(kvm->arch.mf_exit);
}

static struct kvm_mmu_page *kvm_mf_take_sp(struct kvm_mf_exit *exit)
{
	struct kvm_mmu_page *sp;

	sp = tdp_mmu_alloc_sp_for_split(GFP_NOWAIT | __GFP_ACCOUNT);
	if (sp)
		return sp;
	sp = list_first_entry_or_null(&exit->reserve, struct kvm_mmu_page,
				      link);
	if (sp) {
		list_del(&sp->link);
		WRITE_ONCE(exit->nr, exit->nr - 1);
	}
	return sp;
}

/* Split the mapping of @gfn, if there is one, down to 4 KiB. */
static void kvm_mf_split_root(struct kvm *kvm, struct kvm_mmu_page *root,
			      gfn_t gfn, struct kvm_mf_exit *exit)
{
	struct kvm_mmu_page *sp;
	struct tdp_iter iter;

	rcu_read_lock();
	mf_for_each_tdp_pte(iter, kvm, root, PG_LEVEL_2M, gfn, gfn + 1) {
		if (!is_shadow_present_pte(iter.old_spte) ||
		    !is_large_pte(iter.old_spte))
			continue;
		sp = kvm_mf_take_sp(exit);
		if (!sp)
			break;
		tdp_mmu_init_child_sp(sp, &iter);
		tdp_mmu_split_huge_page(kvm, &iter, sp, false);
	}
	rcu_read_unlock();
}

/* Includes invalid roots: a vCPU can still be running on one. */
static void kvm_mf_split(struct kvm *kvm, struct kvm_gfn_range *range,
			 struct kvm_mf_exit *exit)
{
	struct kvm_mmu_page *root;
	gfn_t gfn;

	list_for_each_entry(root, &kvm->arch.tdp_mmu_roots, link) {
		if (kvm_mmu_page_as_id(root) != range->slot->as_id ||
		    is_mirror_sp(root))
			continue;
		for (gfn = range->start; gfn < range->end; gfn++)
			kvm_mf_split_root(kvm, root, gfn, exit);
	}
}

/**
 * kvm_mmu_memory_failure - handle the loss of base pages of guest memory
 * @kvm: VM
 * @range: their guest frame numbers, usually a single one
 *
 * Context: mmu_lock held for writing; in an MMU notifier, so it must not wait
 * for memory.
 *
 * Return: true if TLBs must be flushed.
 */
bool kvm_mmu_memory_failure(struct kvm *kvm, struct kvm_gfn_range *range)
{
	/* Pairs with the release in kvm_mf_enable_exit(). */
	struct kvm_mf_exit *exit = smp_load_acquire(&kvm->arch.mf_exit);

	lockdep_assert_held_write(&kvm->mmu_lock);

	kvm_mmu_invalidate_range_add(kvm, range->start, range->end);
	if (!exit)
		return false;
	if (tdp_mmu_enabled)
		kvm_mf_split(kvm, range, exit);
	return kvm_unmap_gfn_range(kvm, range);
}

/**
 * kvm_mf_max_level - limit the level of a mapping to exclude lost pages
 * @pfn: one of the pages to map, to which the fault has a reference, or the
 *	mapping of the VMM that the notifier has to invalidate first
 * @level: the level to use otherwise
 *
 * Context: mmu_lock held, so that for each lost page either the record is seen
 * here, or the notifier is still to come.
 *
 * Return: the largest level that maps no raw page.
 */
int kvm_mf_max_level(kvm_pfn_t pfn, int level)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned long nr, first;

	for (; page && level > PG_LEVEL_4K; level--) {
		nr = KVM_PAGES_PER_HPAGE(level);
		first = pfn & ~(nr - 1);
		if (mf_keep_healthy_pages(pfn_to_page(first), nr) == nr)
			break;
	}
	return level;
}

/**
 * kvm_mf_exit - exit to user space on a guest access to a lost page
 * @vcpu: the vCPU
 * @fault: its fault, whose pfn is KVM_PFN_ERR_HWPOISON
 *
 * Context: may sleep, to refill the reserve after the error.
 *
 * Return: -EHWPOISON, with KVM_EXIT_MEMORY_FAULT.
 */
int kvm_mf_exit(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	kvm_mf_fill_reserve(vcpu->kvm, vcpu->kvm->arch.mf_exit);
	kvm_mmu_prepare_memory_fault_exit(vcpu, fault);
	return -EHWPOISON;
}
