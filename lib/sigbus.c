// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "sigbus.h"

#include <errno.h>
#include <signal.h>

#include "context.h"
#include "guard.h"
#include "page.h"
#include "region.h"
#include "section.h"

/*
 * KVM says 4 KiB whatever the size of the page.  But without the policy all of a
 * huge page is gone; and with it too once the file's budget is used up, and then
 * the kernel says so.
 */
static struct mfr_range lost_range(const struct mfr_region *region,
				   uint64_t offset, unsigned int lsb)
{
	uint64_t granule = mfr_region_granule(region);
	struct mfr_range range;

	if (lsb < 63 && 1ULL << lsb > granule)
		granule = 1ULL << lsb;
	range.offset = offset & ~(granule - 1);
	range.length = region->bytes - range.offset;
	if (range.length > granule)
		range.length = granule;
	return range;
}

struct mfr_range mfr_sigbus_lose(struct mfr_region *region, uint64_t offset,
				 unsigned int lsb, unsigned int flags)
{
	struct mfr_queue_event event = {
		.region = region->id,
		.range = lost_range(region, offset, lsb),
		.flags = flags,
	};

	if (!mfr_ledger_mark(region->ledger, event.range.offset,
			     event.range.length))
		event.flags |= MFR_EVENT_KNOWN;
	/* The descriptor is the parent's, too, and its queue has no event. */
	if (mfr_context_is_here(region->context))
		mfr_queue_add(&region->context->queue, &event);
	return event.range;
}

/* An error of memory; false if it is not in a known mapping. */
static bool take(struct mfr_context *context, const siginfo_t *info,
		 struct mfr_region **region, struct mfr_range *range)
{
	unsigned int flags = 0;
	uint64_t offset;

	*region = mfr_context_find(context, (uintptr_t)info->si_addr, &offset);
	if (!*region)
		return false;
	if (info->si_code == BUS_MCEERR_AR)
		flags = MFR_EVENT_ACTION_REQUIRED;
	*range = mfr_sigbus_lose(*region, offset, info->si_addr_lsb, flags);
	return true;
}

enum mfr_sigbus mfr_sigbus(struct mfr_context *context, const void *info,
			   void *ucontext)
{
	const siginfo_t *si = info;
	struct mfr_region *region;
	struct mfr_range range;
	bool taken;

	if (mfr_context_check(context) || !si)
		return MFR_SIGBUS_NOT_MINE;
	if (si->si_code == BUS_ADRERR)
		return mfr_guard_leave(si, ucontext) ? MFR_SIGBUS_RESUME :
						       MFR_SIGBUS_NOT_MINE;
	if (si->si_code != BUS_MCEERR_AR && si->si_code != BUS_MCEERR_AO)
		return MFR_SIGBUS_NOT_MINE;
	taken = take(context, si, &region, &range);
	if (si->si_code == BUS_MCEERR_AR) {
		if (mfr_guard_leave(si, ucontext))
			return MFR_SIGBUS_RESUME;
		if (taken && !mfr_section_leave(region, range, ucontext))
			return MFR_SIGBUS_STUCK;
	}
	return taken ? MFR_SIGBUS_RESUME : MFR_SIGBUS_NOT_MINE;
}
