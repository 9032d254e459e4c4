// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison was found.
 *
 * The kernel does nothing about poison that one of its own loads survived. So
 * call memory_failure(), as for an error that a scrubber reports: it takes the
 * page from its users or notifies them, and nobody has consumed the error.
 *
 * It sets PG_hwpoison on most poison, which is then not read again. It cannot
 * do so for raw pages of a kept huge page (MFD_MF_KEEP_UE_MAPPED), because the
 * folio stays in use, and modules cannot see the kernel's record of them.
 * Remember these here, so that each raises only one machine check.
 */

#define pr_fmt(fmt) "memscan: " fmt

#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/printk.h>
#include <linux/set_memory.h>
#include <linux/xarray.h>
#include "memscan.h"
#include "walk.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* By pfn; the value means nothing. Marked: reported, and not isolated since. */
static DEFINE_XARRAY(known);

#define PENDING		XA_MARK_0

static const char *const outcome_names[] = {
	[MEMSCAN_HIT_RECOVERED] = "recovered",
	[MEMSCAN_HIT_KNOWN] = "known",
	[MEMSCAN_HIT_NOT_RECOVERED] = "not recovered",
	[MEMSCAN_HIT_REPORTED] = "reported",
};

const char *memscan_outcome_name(enum memscan_outcome outcome)
{
	return outcome_names[outcome];
}

/* Nobody is harmed if it is isolated, and nobody is to get it. */
static bool is_unused(unsigned long pfn)
{
	return !folio_ref_count(page_folio(pfn_to_page(pfn)));
}

/*
 * The page can change hands at any time. At worst one that is free is reported,
 * and isolated by the next pass, or one that has just got users is isolated.
 */
static bool is_to_be_reported(unsigned long pfn, struct memscan_action action)
{
	bool hugetlb = folio_test_hugetlb(page_folio(pfn_to_page(pfn)));

	return (hugetlb ? action.report_hugetlb : action.report) &&
	       !is_unused(pfn);
}

/*
 * A page that was reported is read again, and isolated by that, once its users
 * have left it or the action has changed. Caller holds memscan_hotplug_lock.
 */
bool memscan_is_known(unsigned long pfn, struct memscan_action action)
{
	return xa_load(&known, pfn) && (!xa_get_mark(&known, pfn, PENDING) ||
					is_to_be_reported(pfn, action));
}

/*
 * If this fails, the next pass takes one more machine check, and reports the page
 * again. What could not be isolated stays pending if it was.
 */
static void remember(unsigned long pfn, enum memscan_outcome outcome)
{
	xa_store(&known, pfn, xa_mk_value(1), GFP_KERNEL | __GFP_NOWARN);
	if (outcome == MEMSCAN_HIT_REPORTED)
		xa_set_mark(&known, pfn, PENDING);
	else if (outcome != MEMSCAN_HIT_NOT_RECOVERED)
		xa_clear_mark(&known, pfn, PENDING);
}

/* The first one from @pfn on, or ULONG_MAX. */
unsigned long memscan_next_pending(unsigned long pfn)
{
	bool found;

	down_read(&memscan_hotplug_lock);
	while ((found = xa_find(&known, &pfn, ULONG_MAX, PENDING)) &&
	       memscan_is_hwpoison(pfn))
		/* Isolated since then, as somebody has consumed its error */
		xa_erase(&known, pfn);
	up_read(&memscan_hotplug_lock);
	return found ? pfn : ULONG_MAX;
}

u64 memscan_pending(void)
{
	unsigned long pfn = 0;
	u64 n = 0;

	while ((pfn = memscan_next_pending(pfn)) != ULONG_MAX) {
		pfn++;
		n++;
	}
	return n;
}

void memscan_forget(const struct memscan_range *range)
{
	unsigned long pfn;
	void *entry;

	xa_for_each_range(&known, pfn, entry, range->start, range->end - 1)
		xa_erase(&known, pfn);
}

void memscan_forget_all(void)
{
	xa_destroy(&known);
}

/* Is this base page marked as poisoned, or the huge page lost with it? */
bool memscan_is_hwpoison(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && is_page_hwpoison(page);
}

static enum memscan_outcome isolate(unsigned long pfn)
{
	/*
	 * If recovery was disabled since the burst began, it would panic. Only
	 * memory_failure() itself can close the rest of this window.
	 */
	if (memscan_refusal())
		return MEMSCAN_HIT_NOT_RECOVERED;

	switch (memory_failure(pfn, 0)) {
	case 0:
		return MEMSCAN_HIT_RECOVERED;
	case -EHWPOISON:
		return MEMSCAN_HIT_KNOWN;
	default:
		return MEMSCAN_HIT_NOT_RECOVERED;
	}
}

/*
 * If it is not, it does not become so afterwards: only new huge pages are
 * optimized, and these have no poisoned pages.
 */
static bool vmemmap_is_optimized(unsigned long pfn)
{
	struct folio *folio = page_folio(pfn_to_page(pfn));

	return folio_test_hugetlb(folio) &&
	       folio_test_hugetlb_vmemmap_optimized(folio);
}

/*
 * No speculative load may report the error again. The kernel's own handlers
 * unmap the page, by set_mce_nospec(), which 6.12 does not export; but CPUs do
 * not speculatively load from uncacheable memory either.
 *
 * With bit 63 clear, the address means the same page to set_memory_uc(), but
 * no register has an address from which a speculative load succeeds.
 *
 * set_memory_uc() writes to struct page: most of those of a huge page with an
 * optimized vmemmap are read-only, so such pages stay as they are. So do kept
 * raw pages until their huge page is released, because those who have pinned it
 * access it there.
 */
static void prevent_speculation(unsigned long pfn)
{
	unsigned long decoy = (unsigned long)pfn_to_kaddr(pfn) & ~BIT(63);
	int err;

	if (!memscan_is_hwpoison(pfn) || vmemmap_is_optimized(pfn))
		return;
	err = set_memory_uc(decoy, 1);
	if (err)
		pr_warn_ratelimited("pfn %#lx cannot be made uncacheable: %d; its error may be reported again until the next boot\n",
				    pfn, err);
}

static enum memscan_outcome isolate_for_good(unsigned long pfn)
{
	enum memscan_outcome outcome = isolate(pfn);

	if (outcome == MEMSCAN_HIT_RECOVERED)
		prevent_speculation(pfn);
	return outcome;
}

/* What was done about a page, to be known, traced and logged. */
static void conclude(const char *who, unsigned long pfn, unsigned int offset,
		     enum memscan_outcome outcome)
{
	if (memscan_is_hwpoison(pfn))
		xa_erase(&known, pfn);
	else
		remember(pfn, outcome);
	trace_memscan_hit(who, pfn, offset, outcome_names[outcome]);
	pr_notice_ratelimited("%s: poison at pfn %#lx, offset %#x: %s\n", who,
			      pfn, offset, outcome_names[outcome]);
}

/**
 * memscan_hit - hand poison to the kernel
 * @who: name of the scan that found it
 * @pfn: base page
 * @offset: offset of the line in the page
 * @action: whether to report it only
 *
 * Context: process context, with the page held and without memscan_hotplug_lock.
 * Return: what the kernel did about it.
 */
enum memscan_outcome memscan_hit(const char *who, unsigned long pfn,
				 unsigned int offset,
				 struct memscan_action action)
{
	enum memscan_outcome outcome = MEMSCAN_HIT_REPORTED;

	if (!is_to_be_reported(pfn, action))
		outcome = isolate_for_good(pfn);
	conclude(who, pfn, offset, outcome);
	return outcome;
}

/* Keeps the page from going offline; -errno if it is none of them, or leaving. */
static int hold_pending(struct memscan_held *page, unsigned long pfn)
{
	int err = 0;

	down_read(&memscan_hotplug_lock);
	if (!xa_get_mark(&known, pfn, PENDING) || !pfn_to_online_page(pfn))
		err = -EINVAL;
	else if (memscan_is_leaving(pfn))
		err = -EBUSY;
	else
		memscan_hold(page, pfn);
	up_read(&memscan_hotplug_lock);
	return err;
}

/**
 * memscan_isolate - isolate a page that was reported
 * @pfn: base page
 *
 * Context: process context.
 * Return: 0; -EINVAL if it was not reported, or is isolated; -EBUSY if it is
 * about to go offline; -EPERM while scanning is refused; -EIO if the kernel could
 * not isolate it, which can be tried again.
 */
int memscan_isolate(unsigned long pfn)
{
	enum memscan_outcome outcome;
	struct memscan_held page;
	int err;

	if (memscan_refusal())
		return -EPERM;
	err = hold_pending(&page, pfn);
	if (err)
		return err;
	outcome = isolate_for_good(pfn);
	conclude("isolate", pfn, 0, outcome);
	memscan_let_go(&page);
	return outcome == MEMSCAN_HIT_NOT_RECOVERED ? -EIO : 0;
}
