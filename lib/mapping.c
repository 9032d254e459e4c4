// SPDX-License-Identifier: MIT
/* Mappings that the program made of a region's file. */
#include <errno.h>

#include "context.h"
#include "page.h"
#include "region.h"

int mfr_region_add_mapping(struct mfr_region *region, const void *address,
			   uint64_t offset, uint64_t bytes)
{
	int err = mfr_region_check_range(region, offset, bytes);
	uintptr_t start = (uintptr_t)address;

	if (err)
		return err;
	if (!start || (start | offset | bytes) % MFR_PAGE_BYTES ||
	    bytes > UINTPTR_MAX - start)
		return -EINVAL;
	return mfr_context_add(region->context, region, address, offset, bytes);
}

int mfr_region_remove_mapping(struct mfr_region *region, const void *address)
{
	int err = mfr_region_check(region);

	if (err)
		return err;
	if (!address || address == region->address ||
	    !mfr_context_remove(region->context, region, address))
		return -ENOENT;
	return 0;
}
