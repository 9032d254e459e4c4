/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool of huge pages of one size: of the whole system and per node. */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>

#define POOL_NODES_MAX	8

struct pool {
	long nr, free, resv, surplus;
	long node_nr, node_free, node_surplus;	/* sums over all nodes */
};

int pool_read(size_t size, struct pool *pool);

/* The same for @node: nr, free and surplus, others 0; -ENOENT without @node. */
int pool_read_node(size_t size, int node, struct pool *pool);

/* Resize the persistent pool; returns its new size, or -errno. */
long pool_set(size_t size, long nr);

/* The same for the part on @node. */
long pool_set_node(size_t size, int node, long nr);

/* As pool_set(), only on the nodes that the caller's memory policy allows. */
long pool_set_by_policy(size_t size, long nr);

int pool_set_overcommit(size_t size, long nr);

/* Demote up to @n free pages, by default to 2 MiB; 0 or -errno. */
int pool_demote(size_t size, long n);

/*
 * Ensure that @n pages are neither used nor reserved.  2 MiB pages are
 * allocated as needed; 1 GiB pages must exist since boot, or this is -ENOMEM.
 */
int pool_want(size_t size, long n);

/*
 * Poll until pool.nr is @nr: deferred work completes a release.  @pool has the
 * last reading in any case.
 */
bool pool_wait_nr(size_t size, long nr, struct pool *pool);

#endif /* POOL_H */
