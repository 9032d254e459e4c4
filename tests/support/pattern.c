// SPDX-License-Identifier: GPL-2.0-only
#include "pattern.h"

#include <stdbool.h>
#include <stdint.h>

#include "hugepage.h"

/* Never 0, so that a zeroed page is found. */
static uint64_t word_at(size_t offset)
{
	return offset * 0x9e3779b97f4a7c15 + 1;
}

void pattern_fill(char *map, size_t offset, size_t len)
{
	uint64_t *word = (uint64_t *)map;
	size_t i;

	for (i = 0; i < len; i += sizeof(*word))
		*word++ = word_at(offset + i);
}

long pattern_check(const char *data, size_t offset, size_t len)
{
	const uint64_t *word = (const uint64_t *)data;
	size_t i;

	for (i = 0; i < len; i += sizeof(*word))
		if (*word++ != word_at(offset + i))
			return offset + i;
	return -1;
}

static bool listed(size_t offset, const size_t *raw, size_t n)
{
	while (n--)
		if (raw[n] == offset)
			return true;
	return false;
}

static long check_pages(const char *map, size_t size, const size_t *raw,
			size_t n, size_t bytes)
{
	size_t offset;
	long bad = -1;

	for (offset = 0; offset < size && bad < 0; offset += BASE_PAGE)
		if (!listed(offset, raw, n))
			bad = pattern_check(map + offset, offset, bytes);
	return bad;
}

long pattern_check_healthy(const char *map, size_t size, const size_t *raw,
			   size_t n)
{
	return check_pages(map, size, raw, n, BASE_PAGE);
}

long pattern_sample_healthy(const char *map, size_t size, const size_t *raw,
			    size_t n)
{
	return check_pages(map, size, raw, n, sizeof(uint64_t));
}
