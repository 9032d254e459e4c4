// SPDX-License-Identifier: MIT
#include <errno.h>

#include "guard.h"
#include "region.h"

/* A copy of no bytes is allowed anywhere up to the region's end, inclusive. */
static int check(const struct mfr_region *region, uint64_t offset,
		 size_t length)
{
	int err = mfr_region_check(region);

	if (err || (!length && offset <= region->bytes))
		return err;
	if (length > INT64_MAX)
		return -ERANGE;
	return mfr_region_check_range(region, offset, length);
}

/* The number of bytes before the first that the ledger lists as lost. */
static size_t clean_length(const struct mfr_region *region, uint64_t offset,
			   size_t length)
{
	struct mfr_range lost;

	if (mfr_ledger_next_lost(region->ledger, offset, &lost) == 1 &&
	    lost.offset - offset < length)
		return lost.offset - offset;
	return length;
}

static int64_t copy(void *to, const void *from, size_t clean, size_t length)
{
	int64_t done = clean - mfr_guard_copy(to, from, clean);

	return done || !length ? done : -EHWPOISON;
}

int64_t mfr_read(struct mfr_region *region, uint64_t offset, void *buffer,
		 size_t length)
{
	int err = check(region, offset, length);

	if (err)
		return err;
	if (!buffer && length)
		return -EFAULT;
	return copy(buffer, region->address + offset,
		    clean_length(region, offset, length), length);
}

int64_t mfr_write(struct mfr_region *region, uint64_t offset,
		  const void *buffer, size_t length)
{
	int err = check(region, offset, length);

	if (err)
		return err;
	if (!buffer && length)
		return -EFAULT;
	return copy(region->address + offset, buffer,
		    clean_length(region, offset, length), length);
}

int64_t mfr_copy(struct mfr_region *to, uint64_t to_offset,
		 struct mfr_region *from, uint64_t from_offset, size_t length)
{
	int err = check(to, to_offset, length);
	size_t clean;

	if (!err)
		err = check(from, from_offset, length);
	if (err)
		return err;
	if (to == from && to_offset < from_offset + length &&
	    from_offset < to_offset + length)
		return -EINVAL;
	clean = clean_length(from, from_offset, length);
	clean = clean_length(to, to_offset, clean);
	return copy(to->address + to_offset, from->address + from_offset, clean,
		    length);
}

/*
 * Returns where to continue.  The SIGBUS handler has usually marked the page
 * already; marking it here makes the scan advance in any case.
 */
static uint64_t scan_clean(struct mfr_region *r, uint64_t at, uint64_t end)
{
	uint64_t left = mfr_guard_scan(r->address + at,
				       (end - at) / MFR_GUARD_LINE_BYTES);

	at = end - left * MFR_GUARD_LINE_BYTES;
	if (left)
		mfr_ledger_mark(r->ledger, at, 1);
	return at;
}

int64_t mfr_scan(struct mfr_region *region, uint64_t offset, uint64_t length)
{
	int err = mfr_region_check_range(region, offset, length);
	uint64_t end = offset + length, stop, before;
	struct mfr_range clean;

	if (err)
		return err;
	before = mfr_ledger_lost_bytes(region->ledger);
	end = (end + MFR_GUARD_LINE_BYTES - 1) & -MFR_GUARD_LINE_BYTES;
	offset &= -MFR_GUARD_LINE_BYTES;
	while (offset < end &&
	       mfr_ledger_next_clean(region->ledger, offset, &clean) == 1 &&
	       clean.offset < end) {
		stop = clean.offset + clean.length;
		offset = scan_clean(region, clean.offset,
				    stop < end ? stop : end);
	}
	return mfr_ledger_lost_bytes(region->ledger) - before;
}
