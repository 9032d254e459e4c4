// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes to the two parsers.  The first byte chooses: a blob as it came,
 * a blob whose checksum was made right, so that the rest of it is looked at,
 * or a line of fdinfo.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mfr.h>

#include "../unit/checksum.h"
#include "fdinfo.h"

#define BYTES	(1024 * (uint64_t)MFR_PAGE_BYTES)

static struct mfr_region *region(void)
{
	struct mfr_region_options options = {
		.size = sizeof(options),
		.bytes = BYTES,
		.page_bytes = MFR_PAGE_BYTES,
		.node = -1,
	};
	static struct mfr_region *region;
	struct mfr_context *context;

	if (!region && (mfr_context_create(NULL, &context) ||
			mfr_region_create(context, &options, &region)))
		abort();
	return region;
}

/* What was taken is what is lost afterwards. */
static void load(const uint8_t *blob, size_t size)
{
	struct mfr_range range = { };
	uint64_t lost = 0;

	if (mfr_region_load(region(), blob, size))
		return;
	while (mfr_ledger_next_lost(mfr_region_ledger(region()),
				    range.offset + range.length, &range) == 1)
		lost += range.length;
	if (lost != mfr_ledger_lost_bytes(mfr_region_ledger(region())) ||
	    lost > BYTES)
		abort();
}

static void parse(uint8_t *text, size_t size)
{
	struct mfr_range range;

	if (!size)
		return;
	text[size - 1] = '\0';
	if (mfr_fdinfo_line((char *)text, &range) == MFR_FDINFO_RANGE &&
	    (!range.length || range.offset + range.length < range.offset))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	if (data[0] % 3 == 1)
		make_checksum_right(copy, size - 1);
	if (data[0] % 3 == 2)
		parse(copy, size - 1);
	else
		load(copy, size - 1);
	free(copy);
	return 0;
}
