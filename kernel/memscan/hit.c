// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison was found.
 *
 * The kernel does nothing about poison that an access of its own survived; so
 * memory_failure() is called here, as for an error that a scrubber reports: the
 * page is taken from its users, or they are told, and nobody has consumed it.
 *
 * Most poison is marked then, PG_hwpoison, and is not read again. The raw pages
 * of a kept huge page (MFD_MF_KEEP_UE_MAPPED) are not, since the folio is in
 * use; the record that the kernel has of them is not for modules. These we
 * remember, so that each is a machine check once.
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

/* By pfn; the value says no more than that it is there. */
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

/* Not to be remembered costs one more machine check at the next pass. */
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

/* Does the kernel mark this base page, or the huge page that it is lost with? */
bool memscan_is_hwpoison(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	return page && is_page_hwpoison(page);
}

static enum memscan_outcome isolate(unsigned long pfn)
{
	/* It could be switched off since the burst began: that panics. */
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
 * memscan_hit - a load trapped on poison
 * @who: found it: a node's thread or the one for ranges on demand
 * @pfn: base page
 * @offset: of the word in it
 *
 * Context: process context, without memscan_hotplug_lock.
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
