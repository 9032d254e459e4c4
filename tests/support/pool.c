// SPDX-License-Identifier: GPL-2.0-only
#include "pool.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "hugepage.h"
#include "polling.h"
#include "procfile.h"

static long pool_number(const char *where, size_t size, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/hugepages/hugepages-%zukB/%s", where,
		 size >> 10, name);
	return procfile_number(path);
}

static void node_directory(int node, char *where, size_t size)
{
	snprintf(where, size, "/sys/devices/system/node/node%d", node);
}

int pool_read_node(size_t size, int node, struct pool *pool)
{
	char where[64];

	node_directory(node, where, sizeof(where));
	if (access(where, F_OK))
		return -ENOENT;
	*pool = (struct pool){
		.nr = pool_number(where, size, "nr_hugepages"),
		.free = pool_number(where, size, "free_hugepages"),
		.surplus = pool_number(where, size, "surplus_hugepages"),
	};
	return 0;
}

static void add_node(size_t size, int node, struct pool *sum)
{
	struct pool part;

	if (pool_read_node(size, node, &part))
		return;
	sum->node_nr += part.nr;
	sum->node_free += part.free;
	sum->node_surplus += part.surplus;
}

int pool_read(size_t size, struct pool *pool)
{
	int node;

	*pool = (struct pool){
		.nr = pool_number("/sys/kernel/mm", size, "nr_hugepages"),
		.free = pool_number("/sys/kernel/mm", size, "free_hugepages"),
		.resv = pool_number("/sys/kernel/mm", size, "resv_hugepages"),
		.surplus = pool_number("/sys/kernel/mm", size,
				       "surplus_hugepages"),
	};
	for (node = 0; node < POOL_NODES_MAX; node++)
		add_node(size, node, pool);
	return pool->nr < 0 ? (int)pool->nr : 0;
}

static int pool_write(const char *where, size_t size, const char *name,
		      long value)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/hugepages/hugepages-%zukB/%s", where,
		 size >> 10, name);
	return procfile_write(path, "%ld", value);
}

static long set_nr(const char *where, size_t size, const char *name, long nr)
{
	int err = pool_write(where, size, name, nr);

	return err ? err : pool_number(where, size, "nr_hugepages");
}

long pool_set(size_t size, long nr)
{
	return set_nr("/sys/kernel/mm", size, "nr_hugepages", nr);
}

long pool_set_node(size_t size, int node, long nr)
{
	char where[64];

	node_directory(node, where, sizeof(where));
	return set_nr(where, size, "nr_hugepages", nr);
}

long pool_set_by_policy(size_t size, long nr)
{
	return set_nr("/sys/kernel/mm", size, "nr_hugepages_mempolicy", nr);
}

int pool_set_overcommit(size_t size, long nr)
{
	return pool_write("/sys/kernel/mm", size, "nr_overcommit_hugepages",
			  nr);
}

int pool_demote(size_t size, long n)
{
	return pool_write("/sys/kernel/mm", size, "demote", n);
}

static int try_want(size_t size, long n)
{
	struct pool pool;
	long missing;
	int err;

	err = pool_read(size, &pool);
	if (err)
		return err;
	missing = n - (pool.free - pool.resv);
	if (missing <= 0)
		return 0;
	if (size != SIZE_2M)
		return -ENOMEM;
	return pool_set(size, pool.nr + missing) == pool.nr + missing ?
		0 : -ENOMEM;
}

/* A page that the previous test released may still be leaving the pool. */
int pool_want(size_t size, long n)
{
	int err;

	return poll_until(!(err = try_want(size, n)) || size != SIZE_2M) ?
		err : -ENOMEM;
}

bool pool_wait_nr(size_t size, long nr, struct pool *pool)
{
	return poll_until(!pool_read(size, pool) && pool->nr == nr);
}
