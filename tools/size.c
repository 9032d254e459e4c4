// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "number.h"
#include "root.h"
#include "size.h"

struct size_text size_text(uint64_t size_bytes)
{
	static const char *const units[] = {
		"bytes", "KiB", "MiB", "GiB", "TiB",
	};
	struct size_text t;
	unsigned int i = 0;

	while (size_bytes >= 1024 && !(size_bytes % 1024) && i < 4) {
		size_bytes /= 1024;
		i++;
	}
	snprintf(t.text, sizeof(t.text), "%" PRIu64 " %s", size_bytes,
		 units[i]);
	return t;
}

struct size_text count_text(uint64_t count)
{
	struct size_text t = { "?" };

	if (count != COUNT_UNKNOWN)
		snprintf(t.text, sizeof(t.text), "%" PRIu64, count);
	return t;
}

struct size_text rate_text(uint64_t bytes_per_second)
{
	struct size_text t;

	snprintf(t.text, sizeof(t.text), "%" PRIu64 ".%" PRIu64 " MB/s",
		 bytes_per_second / 1000000, bytes_per_second / 100000 % 10);
	return t;
}

bool size_parse(const char *text, uint64_t *size_bytes)
{
	static const char units[] = "KMGT";
	unsigned int bits = 0;
	const char *end, *unit;

	if (!number_begins(text, size_bytes, &end))
		return false;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		bits = 10 * (unsigned int)(unit - units + 1);
		end++;
	}
	if (*end || *size_bytes > UINT64_MAX >> bits)
		return false;
	*size_bytes <<= bits;
	return true;
}
