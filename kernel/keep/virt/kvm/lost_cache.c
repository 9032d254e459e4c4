// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cached user addresses of guest memory (gfn_to_hva_cache) and lost pages.
 *
 * KVM loads through some of them whenever a vCPU is scheduled in or exits: steal
 * time, PV EOI, the vAPIC page. Where a lost page stays mapped, each of these loads
 * raises a machine check, and reporting it schedules the vCPU again. The guest does
 * nothing for it, but would pay with its huge page once it is over the budget for
 * repeated consumption. So once a load has failed, the page is looked up before the
 * next one. A page that is lost or replaced between the two does no harm: the load
 * fails once more, or works.
 */

#include <linux/kvm_lost_cache.h>
#include <linux/mm.h>

/**
 * __kvm_cache_lost - check whether a cached page of guest memory is lost
 * @ghc: cache with a valid @hva, of the current process
 *
 * May sleep.
 *
 * Return: true as long as the page that is at @hva has a memory error. It may be
 * replaced at any time: by a hole punch, mmap() or another memslot.
 */
bool __kvm_cache_lost(const struct gfn_to_hva_cache *ghc)
{
	struct page *page;
	long ret;

	/* Only a request for the page itself sees whether it is lost. */
	ret = get_user_pages_unlocked(ghc->hva, 1, &page, FOLL_HWPOISON);
	if (ret == 1)
		put_page(page);
	return ret == -EHWPOISON;
}
