/* SPDX-License-Identifier: MIT */
#ifndef MFR_REGION_H
#define MFR_REGION_H

#include <stdbool.h>
#include <stdint.h>

#include <mfr.h>

#include "ledger.h"

struct mfr_region {
	uint64_t magic;
	struct mfr_context *context;
	struct mfr_ledger *ledger;
	char *address;
	uint64_t bytes;
	uint64_t page_bytes;
	int fd;
	int ledger_fd;
	int node;			/* NUMA node, or -1 */
	bool kept;
};

int mfr_region_check(const struct mfr_region *region);

/* Also checks @region.  -ERANGE: the range is empty or not within it. */
int mfr_region_check_range(const struct mfr_region *region, uint64_t offset,
			   uint64_t length);

#endif /* MFR_REGION_H */
