// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes for the three parsers.  The first byte chooses: a blob as it
 * is; a blob with a corrected checksum, so that the rest of it is parsed; a
 * line of fdinfo; or a ledger's file from another process.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mfr.h>

#include "../unit/checksum.h"
#include "fdinfo.h"
#include "ledger.h"

#define BYTES	(1024 * 4096UL)

static struct mfr_region *region(void)
{
	struct mfr_region_options options = {
		.size = sizeof(options),
		.bytes = BYTES,
	};
	static struct mfr_region *region;
	struct mfr_context *context;

	if (!region && (mfr_context_create(NULL, &context) ||
			mfr_region_create(context, &options, &region)))
		abort();
	return region;
}

/* After a blob is loaded, lost ranges and lost bytes agree. */
static void load(const uint8_t *blob, size_t size)
{
	struct mfr_range range = { };
	uint64_t lost = 0;

	if (mfr_region_merge(region(), blob, size))
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

/* The file of a ledger of 4,090 clean pages, with @data XORed into it. */
static int ledger_file(const uint8_t *data, size_t size)
{
	static uint8_t file[2 * 4096];
	struct mfr_ledger_header header = {
		.magic = "mfrledgr", .version = MFR_LEDGER_VERSION,
		.bytes = 4090 * 4096UL,
	};
	const size_t half = sizeof(header);
	int fd = memfd_create("ledger", MFD_ALLOW_SEALING);
	size_t i;

	memset(file, 0, sizeof(file));
	memcpy(file, &header, sizeof(header));
	for (i = 0; i < size && i < half + 4096; i++)
		file[i < half ? i : 4096 + i - half] ^= data[i];
	if (write(fd, file, sizeof(file)) != sizeof(file) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		abort();
	return fd;
}

/* A ledger that opens has all ranges in order and within its size. */
static void walk(const uint8_t *data, size_t size)
{
	int fd = ledger_file(data, size);
	struct mfr_range range = { };
	struct mfr_ledger *l;
	uint64_t end = 0;

	if (!mfr_ledger_open(fd, &l)) {
		while (mfr_ledger_next_lost(l, end, &range) == 1) {
			if (range.offset < end || !range.length ||
			    range.length > l->bytes - range.offset)
				abort();
			end = range.offset + range.length;
		}
		mfr_ledger_close(l);
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	memcpy(copy, data + 1, size - 1);
	if (data[0] % 4 == 1)
		make_checksum_right(copy, size - 1);
	if (data[0] % 4 == 2)
		parse(copy, size - 1);
	else if (data[0] % 4 == 3)
		walk(copy, size - 1);
	else
		load(copy, size - 1);
	free(copy);
	return 0;
}
