// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>

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
