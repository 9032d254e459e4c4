// SPDX-License-Identifier: GPL-2.0-only
#include "nodes.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool.h"
#include "procfile.h"

#define SPANS_MAX	16

static struct span {
	int node;
	unsigned long first, pages;
} spans[SPANS_MAX];
static size_t n_spans;
static int n_nodes;

/*
 * Lines of /proc/zoneinfo: "Node 0, zone Normal", somewhere below it
 * "spanned 262144" and then "start_pfn: 1048576".
 */
int nodes_init(void)
{
	static char text[1 << 16];
	char *line, *rest = text;
	struct span span = { 0 };
	long err;

	err = procfile_read("/proc/zoneinfo", text, sizeof(text));
	if (err < 0)
		return err;
	while ((line = strsep(&rest, "\n"))) {
		sscanf(line, "Node %d, zone", &span.node);
		sscanf(line, " spanned %lu", &span.pages);
		if (sscanf(line, " start_pfn: %lu", &span.first) == 1 &&
		    span.pages && n_spans < SPANS_MAX)
			spans[n_spans++] = span;
		if (span.node >= n_nodes)
			n_nodes = span.node + 1;
	}
	return n_spans && n_nodes <= NODES_MAX ? 0 : -EINVAL;
}

int nodes_count(void)
{
	return n_nodes;
}

int nodes_prefer(int node)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_set_mempolicy, MPOL_PREFERRED, &mask,
		       8 * sizeof(mask)) ? -errno : 0;
}

int node_of_pfn(unsigned long pfn)
{
	size_t i;

	for (i = 0; i < n_spans; i++)
		if (pfn - spans[i].first < spans[i].pages)
			return spans[i].node;
	return 0;
}

unsigned long nodes_end_pfn(void)
{
	unsigned long end = 0;
	size_t i;

	for (i = 0; i < n_spans; i++)
		if (end < spans[i].first + spans[i].pages)
			end = spans[i].first + spans[i].pages;
	return end;
}

static long node_number(size_t size, int node, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/hugepages/hugepages-%zukB/%s",
		 node, size >> 10, name);
	return procfile_number(path);
}

int pools_read(size_t size, struct pools *pools)
{
	struct pool pool;
	int node, err;

	err = pool_read(size, &pool);
	if (err)
		return err;
	*pools = (struct pools){
		.nr = pool.nr, .free = pool.free, .resv = pool.resv,
		.surplus = pool.surplus,
	};
	for (node = 0; node < n_nodes; node++)
		pools->node[node] = (struct node_pool){
			.nr = node_number(size, node, "nr_hugepages"),
			.free = node_number(size, node, "free_hugepages"),
			.surplus = node_number(size, node,
					       "surplus_hugepages"),
		};
	return 0;
}
