// SPDX-License-Identifier: GPL-2.0-only
#include "memblock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hugepage.h"
#include "pageflags.h"
#include "procfile.h"

#define BLOCKS		"/sys/devices/system/memory"
#define PATH_SIZE	128

static uint64_t block_bytes(void)
{
	char size[32] = "";

	procfile_read(BLOCKS "/block_size_bytes", size, sizeof(size));
	return strtoul(size, NULL, 16);
}

static const char *path_of(uint64_t pa, const char *file, char *path)
{
	snprintf(path, PATH_SIZE, BLOCKS "/memory%lu/%s", pa / block_bytes(),
		 file);
	return path;
}

static bool starts_with(uint64_t pa, const char *file, const char *word)
{
	char path[PATH_SIZE], text[32];

	return procfile_read(path_of(pa, file, path), text,
			     sizeof(text)) > 0 &&
	       !strncmp(text, word, strlen(word));
}

static bool has_pages_with(uint64_t pa, uint64_t wanted)
{
	uint64_t bytes = block_bytes(), flags[SIZE_2M / BASE_PAGE];
	uint64_t at = pa / bytes * bytes, end = at + bytes;
	size_t i, n = sizeof(flags) / sizeof(flags[0]);

	for (; at < end; at += SIZE_2M) {
		if (page_flags_read(at / BASE_PAGE, n, flags))
			return true;
		for (i = 0; i < n; i++)
			if ((flags[i] & wanted) == wanted)
				return true;
	}
	return false;
}

/* Memory of the boot allocator cannot move, not even in a movable zone. */
bool memblock_is_movable(uint64_t pa)
{
	return starts_with(pa, "valid_zones", "Movable") &&
	       !has_pages_with(pa, PAGE_RESERVED);
}

bool memblock_is_stuck(uint64_t pa)
{
	return has_pages_with(pa, PAGE_HUGE | PAGE_HWPOISON);
}

int memblock_set(uint64_t pa, const char *state)
{
	char path[PATH_SIZE];

	return procfile_write(path_of(pa, "state", path), "%s", state);
}

bool memblock_is_online(uint64_t pa)
{
	return starts_with(pa, "state", "online");
}
