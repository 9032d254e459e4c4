// SPDX-License-Identifier: MIT
#include <errno.h>

#include "guard.h"
#include "page.h"
#include "region.h"
#include "sigbus.h"

#define LINE	((uint64_t)MFR_GUARD_LINE_BYTES)

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

/*
 * The SIGBUS handler has told of the page if it knows the mapping that the kernel
 * named.  Else nobody has yet.
 */
static void lose(struct mfr_region *region, uint64_t offset)
{
	if (!mfr_ledger_clean_bytes(region->ledger, offset, 1))
		return;
	mfr_sigbus_lose(region, offset, 0, MFR_EVENT_ACTION_REQUIRED);
}

/*
 * A load of a copy may be as long as a line, and begin in the page ahead of the one
 * with the error: then the line at @offset itself can be loaded.
 */
static void lose_near(struct mfr_region *region, uint64_t offset)
{
	uint64_t line = offset / LINE * LINE, behind = line + LINE;

	if (behind % MFR_PAGE_BYTES || behind >= region->bytes ||
	    !mfr_ledger_clean_bytes(region->ledger, offset, 1) ||
	    mfr_guard_search(region->address + line, 1).end)
		lose(region, offset);
	else
		lose(region, behind);
}

/* One side of a copy; @region is NULL for the caller's buffer. */
struct side {
	struct mfr_region *region;
	uint64_t offset;
};

static int lost_on(const struct side *side, uint64_t done)
{
	if (!side->region)
		return -EFAULT;
	lose_near(side->region, side->offset + done);
	return -EHWPOISON;
}

static int absent_on(const struct side *side)
{
	return side->region ? -ENOMEM : -EFAULT;
}

static int why(enum mfr_guard_end end, const struct side *from,
	       const struct side *to, uint64_t done)
{
	switch (end) {
	case MFR_GUARD_SOURCE_LOST:
		return lost_on(from, done);
	case MFR_GUARD_TARGET_LOST:
		return lost_on(to, done);
	case MFR_GUARD_SOURCE_ABSENT:
		return absent_on(from);
	case MFR_GUARD_TARGET_ABSENT:
		return absent_on(to);
	default:
		return -EHWPOISON;	/* the ledger has it already */
	}
}

/* The bytes up to the first that the ledger lists as lost. */
static size_t clean_bytes(const struct side *side, size_t length)
{
	if (!side->region || !length)
		return length;
	return mfr_ledger_clean_bytes(side->region->ledger, side->offset, length);
}

static int64_t copy(void *to, const void *from, const struct side *target,
		    const struct side *source, size_t length)
{
	size_t clean = clean_bytes(target, clean_bytes(source, length)), done;
	struct mfr_guarded end = mfr_guard_copy(to, from, clean);
	int err;

	done = clean - end.rest;
	if (done == length)
		return done;
	err = why(end.end, source, target, done);
	return done ? (int64_t)done : err;
}

int64_t mfr_read(struct mfr_region *region, uint64_t offset, void *buffer,
		 size_t length)
{
	const struct side source = { region, offset }, target = { };
	int err = check(region, offset, length);

	if (err)
		return err;
	if (!buffer && length)
		return -EFAULT;
	return copy(buffer, region->address + offset, &target, &source, length);
}

int64_t mfr_write(struct mfr_region *region, uint64_t offset,
		  const void *buffer, size_t length)
{
	const struct side source = { }, target = { region, offset };
	int err = check(region, offset, length);

	if (err)
		return err;
	if (!buffer && length)
		return -EFAULT;
	return copy(region->address + offset, buffer, &target, &source, length);
}

int64_t mfr_copy(struct mfr_region *to, uint64_t to_offset,
		 struct mfr_region *from, uint64_t from_offset, size_t length)
{
	const struct side source = { from, from_offset };
	const struct side target = { to, to_offset };
	int err = check(to, to_offset, length);

	if (!err)
		err = check(from, from_offset, length);
	if (err)
		return err;
	if (to == from && to_offset < from_offset + length &&
	    from_offset < to_offset + length)
		return -EINVAL;
	return copy(to->address + to_offset, from->address + from_offset,
		    &target, &source, length);
}

int mfr_load64(struct mfr_region *region, uint64_t offset, uint64_t *value)
{
	int err = mfr_region_check_range(region, offset, sizeof(*value));
	const struct side source = { region, offset };
	struct mfr_guarded end;

	if (err)
		return err;
	if (!value)
		return -EFAULT;
	if (offset % sizeof(*value))
		return -EINVAL;
	if (!mfr_ledger_clean_bytes(region->ledger, offset, sizeof(*value)))
		return -EHWPOISON;
	end = mfr_guard_load(region->address + offset);
	if (end.end)
		return why(end.end, &source, &source, 0);
	*value = end.rest;
	return 0;
}

/*
 * What the error at @at took of [@from, @to), which was clean.  Skips at least
 * what was read if another thread has replaced the page meanwhile.
 */
static struct mfr_range taken(const struct mfr_region *r, uint64_t at,
			      uint64_t from, uint64_t to)
{
	uint64_t granule = mfr_region_granule(r);
	uint64_t start = at / granule * granule;
	struct mfr_range lost;

	/* A line may begin ahead of what is searched */
	at = at < from ? from : at;
	start = start < from ? from : start;
	if (mfr_ledger_next_lost(r->ledger, start, &lost) != 1 ||
	    lost.offset > at)
		return (struct mfr_range){ at + LINE, 0 };
	if (lost.offset + lost.length < to)
		to = lost.offset + lost.length;
	return (struct mfr_range){ lost.offset, to - lost.offset };
}

/* Search clean bytes up to the first poison, and set @found to what it took. */
static int search(struct mfr_region *r, uint64_t from, uint64_t to,
		  struct mfr_range *found)
{
	uint64_t first = from / LINE, lines = (to - 1) / LINE + 1 - first;
	struct mfr_guarded stop = mfr_guard_search(r->address + first * LINE, lines);
	uint64_t at = (first + lines - stop.rest) * LINE;

	*found = (struct mfr_range){ to, 0 };
	if (stop.end == MFR_GUARD_SOURCE_ABSENT)
		return -ENOMEM;
	if (!stop.end)
		return 0;
	lose(r, at);
	*found = taken(r, at, from, to);
	return 0;
}

int64_t mfr_search(struct mfr_region *region, uint64_t offset, uint64_t length)
{
	int err = mfr_region_check_range(region, offset, length);
	uint64_t end = offset + length, stop;
	struct mfr_range clean, found;
	int64_t bytes = 0;

	while (!err && offset < end &&
	       mfr_ledger_next_clean(region->ledger, offset, &clean) == 1 &&
	       clean.offset < end) {
		stop = clean.offset + clean.length;
		err = search(region, clean.offset, stop < end ? stop : end,
			     &found);
		offset = found.offset + found.length;
		bytes += found.length;
	}
	return err ? err : bytes;
}
