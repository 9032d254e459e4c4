// SPDX-License-Identifier: GPL-2.0-only
#include "accounting.h"

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "hugepage.h"
#include "pool.h"
#include "procfile.h"

static char fault[160];

/* Most counters are unsigned: one that underflowed is far above this. */
#define SANE_MAX	(1L << 40)

static bool sane(const char *what, long n)
{
	if (n >= 0 && n < SANE_MAX)
		return true;
	snprintf(fault, sizeof(fault), "%s is %ld", what, n);
	return false;
}

static bool equal(const char *what, long a, long b)
{
	if (a == b)
		return true;
	snprintf(fault, sizeof(fault), "%s: %ld and %ld", what, a, b);
	return false;
}

static bool at_most(const char *what, long a, long b)
{
	if (a <= b)
		return true;
	snprintf(fault, sizeof(fault), "%s: %ld is more than %ld", what, a, b);
	return false;
}

static bool pool_sane(const struct pool *p)
{
	return sane("pages", p->nr) && sane("free pages", p->free) &&
	       sane("reserved pages", p->resv) &&
	       sane("surplus pages", p->surplus) &&
	       at_most("free pages of all", p->free, p->nr) &&
	       at_most("surplus pages of all", p->surplus, p->nr) &&
	       at_most("reserved pages of free ones", p->resv, p->free);
}

static bool pool_sums(const struct pool *p)
{
	return equal("pages, by node", p->nr, p->node_nr) &&
	       equal("free pages, by node", p->free, p->node_free) &&
	       equal("surplus pages, by node", p->surplus, p->node_surplus);
}

static long meminfo(const char *key)
{
	return procfile_value("/proc/meminfo", key);
}

/*
 * meminfo shows the pool of the default size; the sysctl shows its persistent
 * pages, that is, without the surplus.
 */
static bool default_pool_shown(const struct pool *p)
{
	return equal("meminfo's pages", meminfo("HugePages_Total:"), p->nr) &&
	       equal("meminfo's free", meminfo("HugePages_Free:"), p->free) &&
	       equal("meminfo's reserved", meminfo("HugePages_Rsvd:"),
		     p->resv) &&
	       equal("meminfo's surplus", meminfo("HugePages_Surp:"),
		     p->surplus) &&
	       equal("persistent pages, by sysctl",
		     procfile_number("/proc/sys/vm/nr_hugepages"),
		     p->nr - p->surplus);
}

static long node_meminfo(int node, const char *name)
{
	char path[64], key[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo",
		 node);
	snprintf(key, sizeof(key), "Node %d %s:", node, name);
	return procfile_value(path, key);
}

static bool default_node_shown(int node, const struct pool *p)
{
	return equal("node's meminfo's pages",
		     node_meminfo(node, "HugePages_Total"), p->nr) &&
	       equal("node's meminfo's free",
		     node_meminfo(node, "HugePages_Free"), p->free) &&
	       equal("node's meminfo's surplus",
		     node_meminfo(node, "HugePages_Surp"), p->surplus);
}

static bool nodes_fit(size_t size)
{
	struct pool part;
	int node;

	for (node = 0; node < POOL_NODES_MAX; node++) {
		if (pool_read_node(size, node, &part))
			continue;
		if (!pool_sane(&part))
			return false;
		if (size == SIZE_2M && !default_node_shown(node, &part))
			return false;
	}
	return true;
}

static bool pool_fits(size_t size, long *kb)
{
	struct pool pool;

	if (pool_read(size, &pool))
		return false;
	*kb += pool.nr * (long)(size >> 10);
	return pool_sane(&pool) && pool_sums(&pool) && nodes_fit(size) &&
	       (size != SIZE_2M || default_pool_shown(&pool));
}

static long node_errors(int node, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/node/node%d/memory_failure/%s", node,
		 name);
	return access(path, R_OK) ? 0 : procfile_number(path);
}

/* Each error of a node was counted as one of four results. */
static bool errors_fit(void)
{
	int node;

	for (node = 0; node < POOL_NODES_MAX; node++)
		if (!equal("errors of a node, by result",
			   node_errors(node, "total"),
			   node_errors(node, "ignored") +
			   node_errors(node, "failed") +
			   node_errors(node, "delayed") +
			   node_errors(node, "recovered")))
			return false;
	return sane("HardwareCorrupted", meminfo("HardwareCorrupted:"));
}

const char *accounting_fault(void)
{
	long kb = 0;

	snprintf(fault, sizeof(fault), "a pool cannot be read");
	if (pool_fits(SIZE_2M, &kb) && pool_fits(SIZE_1G, &kb) &&
	    equal("meminfo's kB of huge pages", meminfo("Hugetlb:"), kb) &&
	    errors_fit())
		fault[0] = '\0';
	return fault;
}
