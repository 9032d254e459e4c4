/* SPDX-License-Identifier: MIT */
#ifndef MFR_REGION_H
#define MFR_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include <mfr.h>

#include "ledger.h"
#include "page.h"

struct mfr_region {
	uint64_t magic;
	uint64_t id;			/* of all regions of the context, from 1 */
	struct mfr_context *context;
	struct mfr_ledger *ledger;
	struct mfr_ledger *sender;	/* its ledger, if it was received */
	struct mfr_ledger *taken;	/* what was taken over from that */
	void *value;
	char *address;
	uint64_t bytes;
	uint64_t page_bytes;
	int fd;
	int ledger_fd;
	int node;			/* NUMA node, or -1 */
	bool kept;
	bool whole;			/* known not to be kept: see below */
};

/*
 * What one error takes at least.  If /proc could not tell whether the file is kept,
 * the size that the kernel names in the signal is all there is.
 */
static inline uint64_t mfr_region_granule(const struct mfr_region *region)
{
	return region->whole ? region->page_bytes : MFR_PAGE_BYTES;
}

int mfr_region_check(const struct mfr_region *region);

/* The caller's @theirs, which may be NULL, as @options; or its error. */
int mfr_region_options(const struct mfr_import_options *theirs,
		       struct mfr_import_options *options);

/* Also checks @region.  -ERANGE: the range is empty or not within it. */
int mfr_region_check_range(const struct mfr_region *region, uint64_t offset,
			   uint64_t length);

#endif /* MFR_REGION_H */
