// SPDX-License-Identifier: GPL-2.0-only
#include "counters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepage.h"
#include "procfile.h"

#define NODES_MAX	8
#define MOVED_MAX	64	/* pages; fewer than any test looks for */

static long node_errors(const char *name)
{
	char path[96];
	long sum = 0;
	int node;

	for (node = 0; node < NODES_MAX; node++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/node/node%d/memory_failure/%s",
			 node, name);
		if (!access(path, R_OK))
			sum += procfile_number(path);
	}
	return sum;
}

void error_counters_read(struct error_counters *counters)
{
	*counters = (struct error_counters){
		.corrupted_kb = procfile_value("/proc/meminfo",
					       "HardwareCorrupted:"),
		.total = node_errors("total"),
		.recovered = node_errors("recovered"),
		.failed = node_errors("failed"),
		.ignored = node_errors("ignored"),
		.delayed = node_errors("delayed"),
	};
}

/* One line per zone: "Node 0, zone   Normal   1   0 ...". */
static void add_zone(const char *line, struct buddy *buddy)
{
	char *at = strstr(line, "zone");
	int order;

	if (!at)
		return;
	at += strlen("zone");
	at += strspn(at, " ");
	at += strcspn(at, " ");
	for (order = 0; order < BUDDY_ORDERS; order++)
		buddy->blocks[order] += strtol(at, &at, 10);
}

/* Sum of the "count:" lines of /proc/zoneinfo: pages in per-CPU lists. */
static long percpu_pages(void)
{
	static char text[1 << 16];
	char *line, *rest = text;
	long n, sum = 0;

	if (procfile_read("/proc/zoneinfo", text, sizeof(text)) < 0)
		return 0;
	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, " count: %ld", &n) == 1)
			sum += n;
	return sum;
}

static int read_blocks(struct buddy *buddy)
{
	char text[4096], *line, *rest = text;
	long err;

	*buddy = (struct buddy){ 0 };
	err = procfile_read("/proc/buddyinfo", text, sizeof(text));
	if (err < 0)
		return err;
	while ((line = strsep(&rest, "\n")))
		add_zone(line, buddy);
	return 0;
}

/*
 * The per-CPU lists are read before and after the blocks, as pages that move
 * between the two meanwhile would count twice or not at all: the kernel drains
 * such a list by megabytes.
 */
int buddy_read(struct buddy *buddy)
{
	long before, after;
	int order, err, tries = 0;

	do {
		before = percpu_pages();
		err = read_blocks(buddy);
		if (err)
			return err;
		after = percpu_pages();
	} while (labs(after - before) > MOVED_MAX && ++tries < 100);
	buddy->percpu_bytes = after * BASE_PAGE;
	buddy->bytes = buddy->percpu_bytes;
	for (order = 0; order < BUDDY_ORDERS; order++)
		buddy->bytes += buddy->blocks[order] * (BASE_PAGE << order);
	return 0;
}

long movable_bytes(void)
{
	static char text[1 << 16];
	char *line, *rest = text, zone[16] = "";
	long n, pages = 0;

	if (procfile_read("/proc/zoneinfo", text, sizeof(text)) < 0)
		return 0;
	while ((line = strsep(&rest, "\n"))) {
		sscanf(line, "Node %*d, zone %15s", zone);
		if (sscanf(line, " managed %ld", &n) == 1 &&
		    !strcmp(zone, "Movable"))
			pages += n;
	}
	return pages * BASE_PAGE;
}
