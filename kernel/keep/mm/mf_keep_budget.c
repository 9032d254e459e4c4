// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kept folios: how often known poison may be consumed.
 *
 * A raw page stays mapped, so its owner can consume it at any rate, on purpose
 * or not, and each time costs the host a machine check. A well-behaved program
 * remembers which pages are lost. For a folio whose poison is consumed too
 * often, the policy ends: the folio is unmapped from all of its users, as it
 * would have been without the policy, and its head page gets PG_hwpoison.
 */

#define pr_fmt(fmt) "Memory failure: " fmt

#include <linux/hugetlb.h>
#include <linux/kobject.h>
#include <linux/mf_keep.h>
#include <linux/mf_keep_base.h>
#include <linux/mm.h>
#include <linux/rmap.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>
#include "internal.h"
#include "mf_keep.h"

#define MF_KEEP_WINDOW	(10 * HZ)

/* Per folio, within MF_KEEP_WINDOW; 0 means unlimited. */
static unsigned int mf_keep_max_repeats __read_mostly = 100;

/* Since boot: loads of known poison, and folios unmapped because of them. */
static atomic_long_t mf_keep_repeats;
static atomic_long_t mf_keep_unmapped;

static unsigned int mf_keep_count(struct mf_keep_budget *budget)
{
	if (time_after(jiffies, READ_ONCE(budget->since) + MF_KEEP_WINDOW)) {
		WRITE_ONCE(budget->since, jiffies);
		atomic_set(&budget->repeats, 0);
	}
	return atomic_inc_return(&budget->repeats);
}

static void mf_keep_end_policy(struct mf_keep_record *record)
{
	if (atomic_xchg(&record->ended, 1))
		return;
	folio_get(record->folio);
	queue_delayed_work(system_dfl_wq, &record->unmap, 0);
}

/**
 * mf_keep_charge - charge a folio for another load of its known poison
 * @folio: kept folio that the caller holds a reference to
 * @flags: as for memory_failure(); MF_ACTION_REQUIRED if current consumed it
 *
 * Beyond the budget the folio is unmapped, by a work item: its consumer may
 * hold locks that unmapping has to wait for. A consumer that continues even so
 * is killed, as is one beyond the budget if the folio has no record.
 */
void mf_keep_charge(struct folio *folio, int flags)
{
	static struct mf_keep_budget without_record;
	struct mf_keep_record *record = mf_keep_record(folio);
	unsigned int limit = READ_ONCE(mf_keep_max_repeats);
	unsigned int repeats;

	atomic_long_inc(&mf_keep_repeats);
	repeats = mf_keep_count(record ? &record->budget : &without_record);
	if (!limit || repeats <= limit)
		return;
	if (record)
		mf_keep_end_policy(record);
	if (flags & MF_ACTION_REQUIRED && (!record || repeats / 2 >= limit))
		force_sig(SIGKILL);
}

/**
 * mf_keep_kernel_access - the kernel met poison on behalf of a process
 * @pfn: base page that the kernel loaded from
 *
 * A system call whose data are in a raw page counts as a consumer, like a load
 * by the process itself. Pages that are not on a record yet are not charged.
 *
 * Context: process context; takes no lock that others wait for.
 */
void mf_keep_kernel_access(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);
	struct folio *folio = page ? mf_keep_try_get_folio(page) : NULL;

	if (!folio)
		return;
	if (mf_keep_is_known(folio, page))
		mf_keep_charge(folio, 0);
	folio_put(folio);
}

/* Returns true if the folio is no longer mapped. */
static bool mf_keep_unmap(struct folio *folio)
{
	struct address_space *mapping;
	bool done;

	folio_lock(folio);
	/* From here on faults treat it like any poisoned folio. */
	folio_set_hwpoison(folio);
	mapping = folio->mapping;
	if (mapping) {
		i_mmap_lock_write(mapping);
		try_to_unmap(folio, TTU_IGNORE_MLOCK | TTU_SYNC | TTU_HWPOISON |
				    TTU_RMAP_LOCKED);
		i_mmap_unlock_write(mapping);
	}
	done = !folio_mapped(folio);
	folio_unlock(folio);
	return done;
}

/**
 * mf_keep_unmap_workfn - unmap a folio whose budget is spent
 * @work: in the record of the folio, to which it holds a reference
 *
 * Page tables that are in use at the time (hugetlb_vma_lock) are skipped, so
 * this may take more than one attempt.
 */
void mf_keep_unmap_workfn(struct work_struct *work)
{
	struct mf_keep_record *record =
		container_of(to_delayed_work(work), struct mf_keep_record,
			     unmap);
	struct folio *folio = record->folio;

	if (!mf_keep_unmap(folio)) {
		queue_delayed_work(system_dfl_wq, &record->unmap, 1);
		return;
	}
	atomic_long_inc(&mf_keep_unmapped);
	pr_err("%#lx: kept huge page unmapped: its known poison was consumed more than %u times in %u s\n",
	       folio_pfn(folio), READ_ONCE(mf_keep_max_repeats),
	       MF_KEEP_WINDOW / HZ);
	/* This may free the folio and its record. */
	folio_put(folio);
}

/*
 * /sys/kernel/mm/mf_keep/
 */

static ssize_t max_repeats_show(struct kobject *kobj,
				struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(mf_keep_max_repeats));
}

static ssize_t max_repeats_store(struct kobject *kobj,
				 struct kobj_attribute *attr, const char *buf,
				 size_t count)
{
	unsigned int value;
	int err = kstrtouint(buf, 0, &value);

	if (err)
		return err;
	WRITE_ONCE(mf_keep_max_repeats, value);
	return count;
}

static struct kobj_attribute max_repeats_attr = __ATTR_RW(max_repeats);

static ssize_t repeats_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&mf_keep_repeats));
}

static struct kobj_attribute repeats_attr = __ATTR_RO(repeats);

static ssize_t unmapped_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%ld\n", atomic_long_read(&mf_keep_unmapped));
}

static struct kobj_attribute unmapped_attr = __ATTR_RO(unmapped);

static struct attribute *mf_keep_attrs[] = {
	&max_repeats_attr.attr,
	&repeats_attr.attr,
	&unmapped_attr.attr,
	NULL,
};

static const struct attribute_group mf_keep_group = {
	.name = "mf_keep",
	.attrs = mf_keep_attrs,
};

static int __init mf_keep_budget_init(void)
{
	return sysfs_create_group(mm_kobj, &mf_keep_group);
}
late_initcall(mf_keep_budget_init);
