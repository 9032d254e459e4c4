// SPDX-License-Identifier: MIT
#include "sized.h"

#include <errno.h>
#include <string.h>

#define BYTES_MAX	4096	/* a larger size was probably never set */

static size_t size_of(const void *theirs)
{
	return *(const size_t *)theirs;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

int mfr_sized_check(const void *theirs, size_t first)
{
	if (size_of(theirs) < first)
		return -EINVAL;
	return size_of(theirs) > BYTES_MAX ? -E2BIG : 0;
}

int mfr_sized_read(void *ours, size_t bytes, const void *theirs, size_t first)
{
	int err = mfr_sized_check(theirs, first);
	const char *byte = theirs;
	size_t i;

	if (err)
		return err;
	for (i = bytes; i < size_of(theirs); i++)
		if (byte[i])
			return -E2BIG;
	memset(ours, 0, bytes);
	memcpy(ours, theirs, min(size_of(theirs), bytes));
	return 0;
}

int mfr_sized_write(void *theirs, size_t first, const void *ours, size_t bytes)
{
	int err = mfr_sized_check(theirs, first);
	size_t size, known;
	char *to = theirs;

	if (err)
		return err;
	size = size_of(theirs);
	known = min(size, bytes);
	memcpy(to + sizeof(size), (const char *)ours + sizeof(size),
	       known - sizeof(size));
	memset(to + known, 0, size - known);
	return 0;
}
