// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "blob.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "ledger.h"
#include "page.h"
#include "region.h"

static const char magic[8] = "mfrblob";

#define AT_VERSION	8
#define AT_CRC		12
#define AT_BYTES	16
#define AT_PAGE_BYTES	24
#define AT_COUNT	32

static uint64_t get64(const void *blob, size_t at)
{
	uint64_t value;

	memcpy(&value, (const char *)blob + at, sizeof(value));
	return le64toh(value);
}

static uint32_t get32(const void *blob, size_t at)
{
	uint32_t value;

	memcpy(&value, (const char *)blob + at, sizeof(value));
	return le32toh(value);
}

static void put64(void *blob, size_t at, uint64_t value)
{
	value = htole64(value);
	memcpy((char *)blob + at, &value, sizeof(value));
}

static void put32(void *blob, size_t at, uint32_t value)
{
	value = htole32(value);
	memcpy((char *)blob + at, &value, sizeof(value));
}

/* By each value of a byte: the remainder of eight more zero bits. */
static void fill_crc_table(uint32_t table[256])
{
	uint32_t i, crc;
	int bit;

	for (i = 0; i < 256; i++) {
		crc = i;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
		table[i] = crc;
	}
}

/* CRC-32 of IEEE 802.3, with the blob's CRC field taken as 0. */
static uint32_t crc_of(const void *blob, size_t size)
{
	const unsigned char *byte = blob;
	uint32_t table[256], crc = ~0U;
	size_t i;

	fill_crc_table(table);
	for (i = 0; i < size; i++) {
		crc ^= i - AT_CRC < 4 ? 0 : byte[i];
		crc = crc >> 8 ^ table[crc & 0xff];
	}
	return ~crc;
}

uint64_t mfr_blob_count(const void *blob)
{
	return get64(blob, AT_COUNT);
}

struct mfr_range mfr_blob_range(const void *blob, uint64_t index)
{
	size_t at = MFR_BLOB_HEADER_BYTES + index * MFR_BLOB_RANGE_BYTES;
	struct mfr_range range = {
		.offset = get64(blob, at),
		.length = get64(blob, at + 8),
	};

	return range;
}

uint64_t mfr_blob_bytes_max(uint64_t bytes)
{
	uint64_t ranges = (bytes / MFR_PAGE_BYTES + 1) / 2;

	return MFR_BLOB_HEADER_BYTES + ranges * MFR_BLOB_RANGE_BYTES;
}

/* Merged ranges have a gap of at least one page between them. */
static bool ranges_are_valid(const void *blob, uint64_t bytes)
{
	uint64_t i, free_from = 0;

	for (i = 0; i < mfr_blob_count(blob); i++) {
		struct mfr_range range = mfr_blob_range(blob, i);

		if (range.offset % MFR_PAGE_BYTES ||
		    range.length % MFR_PAGE_BYTES || !range.length ||
		    range.offset < free_from || range.offset >= bytes ||
		    range.length > bytes - range.offset)
			return false;
		free_from = range.offset + range.length + MFR_PAGE_BYTES;
	}
	return true;
}

int mfr_blob_check(const void *blob, size_t size, uint64_t bytes)
{
	size_t room;

	if (size < sizeof(magic))
		return -EMSGSIZE;
	if (memcmp(blob, magic, sizeof(magic)))
		return -EBADMSG;
	if (size < MFR_BLOB_HEADER_BYTES)
		return -EMSGSIZE;
	if (get32(blob, AT_VERSION) != MFR_BLOB_VERSION)
		return -EPROTONOSUPPORT;
	room = size - MFR_BLOB_HEADER_BYTES;
	if (room % MFR_BLOB_RANGE_BYTES ||
	    room / MFR_BLOB_RANGE_BYTES != mfr_blob_count(blob))
		return -EMSGSIZE;
	if (get32(blob, AT_CRC) != crc_of(blob, size))
		return -EBADMSG;
	if (get64(blob, AT_BYTES) != bytes)
		return -ESTALE;
	if (get64(blob, AT_PAGE_BYTES) != MFR_PAGE_BYTES ||
	    !ranges_are_valid(blob, bytes))
		return -EBADMSG;
	return 0;
}

static int64_t save_ranges(const struct mfr_ledger *ledger, char *blob,
			   size_t size, uint64_t *count)
{
	struct mfr_range range = { };
	size_t at = MFR_BLOB_HEADER_BYTES;

	*count = 0;
	while (mfr_ledger_next_lost(ledger, range.offset + range.length,
				    &range) == 1) {
		if (size) {
			if (size - at < MFR_BLOB_RANGE_BYTES)
				return -ENOSPC;
			put64(blob, at, range.offset);
			put64(blob, at + 8, range.length);
		}
		at += MFR_BLOB_RANGE_BYTES;
		/* Skip the page after the range: the range may have grown */
		range.length += MFR_PAGE_BYTES;
		++*count;
	}
	return at;
}

int64_t mfr_ledger_encode(const struct mfr_ledger *ledger, void *buffer,
			  size_t size)
{
	int64_t length = mfr_ledger_check(ledger);
	uint64_t count;

	if (length)
		return length;
	if (size && !buffer)
		return -EFAULT;
	if (size && size < MFR_BLOB_HEADER_BYTES)
		return -ENOSPC;
	length = save_ranges(ledger, buffer, size, &count);
	if (length < 0 || !size)
		return length;
	memset(buffer, 0, MFR_BLOB_HEADER_BYTES);
	memcpy(buffer, magic, sizeof(magic));
	put32(buffer, AT_VERSION, MFR_BLOB_VERSION);
	put64(buffer, AT_BYTES, ledger->bytes);
	put64(buffer, AT_PAGE_BYTES, MFR_PAGE_BYTES);
	put64(buffer, AT_COUNT, count);
	put32(buffer, AT_CRC, crc_of(buffer, length));
	return length;
}

int mfr_region_merge(struct mfr_region *region, const void *blob, size_t size)
{
	int err = mfr_region_check(region);
	uint64_t i;

	if (err)
		return err;
	if (!blob)
		return -EFAULT;
	err = mfr_blob_check(blob, size, region->bytes);
	if (err)
		return err;
	for (i = 0; i < mfr_blob_count(blob); i++) {
		struct mfr_range range = mfr_blob_range(blob, i);

		mfr_ledger_mark(region->ledger, range.offset, range.length);
	}
	return 0;
}
