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

#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/printk.h>
#include <linux/xarray.h>
#include "memscan.h"
#include "walk.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* By pfn; the value means nothing. */
static DEFINE_XARRAY(known);

static const char *const outcome_names[] = {
	[MEMSCAN_HIT_RECOVERED] = "recovered",
	[MEMSCAN_HIT_KNOWN] = "known",
	[MEMSCAN_HIT_NOT_RECOVERED] = "not recovered",
};

bool memscan_is_known(unsigned long pfn)
{
	return xa_load(&known, pfn);
}

/* If this fails, the next pass takes one more machine check. */
static void remember(unsigned long pfn)
{
	xa_store(&known, pfn, xa_mk_value(1), GFP_KERNEL | __GFP_NOWARN);
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

/**
 * memscan_hit - hand poison to the kernel
 * @who: name of the scan that found it
 * @pfn: base page
 * @offset: offset of the word in the page
 *
 * Context: process context, with memscan_hits_lock held for reading and without
 * memscan_hotplug_lock.
 * Return: what the kernel did about it.
 */
enum memscan_outcome memscan_hit(const char *who, unsigned long pfn,
				 unsigned int offset)
{
	enum memscan_outcome outcome = isolate(pfn);

	if (!memscan_is_hwpoison(pfn))
		remember(pfn);
	trace_memscan_hit(who, pfn, offset, outcome_names[outcome]);
	pr_notice_ratelimited("%s: poison at pfn %#lx, offset %#x: %s\n", who,
			      pfn, offset, outcome_names[outcome]);
	return outcome;
}
