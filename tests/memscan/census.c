// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "census.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepage.h"
#include "memblock.h"
#include "pageflags.h"
#include "procfile.h"

#define BLOCKS_MAX	512
#define BLOCK_PAGES	(BLOCK_BYTES / BASE_PAGE)
#define RAM_MAX		32

struct ram {
	unsigned long start, end;	/* page frames, [start, end) */
};

/* The ranges of "System RAM" in /proc/iomem. */
static size_t read_ram(struct ram *ram)
{
	static char text[1 << 16];
	unsigned long first, last;
	size_t n = 0;
	char *line;

	if (procfile_read("/proc/iomem", text, sizeof(text)) < 0)
		return 0;
	for (line = strtok(text, "\n"); line && n < RAM_MAX;
	     line = strtok(NULL, "\n")) {
		if (!strstr(line, ": System RAM") ||
		    sscanf(line, " %lx-%lx", &first, &last) != 2)
			continue;
		ram[n].start = (first + BASE_PAGE - 1) / BASE_PAGE;
		ram[n++].end = (last + 1) / BASE_PAGE;
	}
	return n;
}

static bool is_ram(const struct ram *ram, size_t n, unsigned long pfn)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ram[i].start <= pfn && pfn < ram[i].end)
			return true;
	return false;
}

static long zoneinfo_present(int node)
{
	static char text[1 << 16];
	long pages = 0, present;
	char *line;
	int at = -1;

	if (procfile_read("/proc/zoneinfo", text, sizeof(text)) < 0)
		return -1;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		sscanf(line, "Node %d,", &at);
		if (at == node && sscanf(line, " present %ld", &present) == 1)
			pages += present;
	}
	return pages;
}

int census_blocks(int node, int *blocks, int size)
{
	char path[96];
	int block, n = 0;

	for (block = 0; block < BLOCKS_MAX && n < size; block++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%d/memory%d", node,
			 block);
		if (!access(path, F_OK))
			blocks[n++] = block;
	}
	return n;
}

bool census_block_is_online(int block)
{
	return memblock_is_online(block * BLOCK_BYTES);
}

static int count_block(int block, const struct ram *ram, size_t n,
		       struct census *census)
{
	static uint64_t flags[BLOCK_PAGES];
	unsigned long first = block * BLOCK_PAGES, i;
	int err = page_flags_read(first, BLOCK_PAGES, flags);

	if (err)
		return err;
	for (i = 0; i < BLOCK_PAGES; i++) {
		if (flags[i] & PAGE_NONE || ((flags[i] & PAGE_RESERVED) &&
					     !is_ram(ram, n, first + i)))
			continue;
		census->present++;
		census->offline += !!(flags[i] & PAGE_OFFLINE);
		census->hwpoison += !!(flags[i] & PAGE_HWPOISON);
		census->free += !!(flags[i] & PAGE_BUDDY);
	}
	return 0;
}

int census_take(int node, struct census *census)
{
	struct ram ram[RAM_MAX];
	size_t n = read_ram(ram);
	int blocks[BLOCKS_MAX];
	int i, err = 0, size = census_blocks(node, blocks, BLOCKS_MAX);

	*census = (struct census){ .zoneinfo = zoneinfo_present(node) };
	if (!n || census->zoneinfo < 0)
		return -ENODATA;
	for (i = 0; i < size && !err; i++)
		if (census_block_is_online(blocks[i]))
			err = count_block(blocks[i], ram, n, census);
	return err;
}
