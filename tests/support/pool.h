/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool of huge pages of one size, in the whole system and by node. */
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

/* The part on @node: its nr, free and surplus, else 0; -ENOENT without it. */
int pool_read_node(size_t size, int node, struct pool *pool);

/* Set the persistent pool; the pages that there are now, or -errno. */
long pool_set(size_t size, long nr);

/* The same for the part on @node. */
long pool_set_node(size_t size, int node, long nr);

/* As pool_set(), with pages of the nodes of the caller's policy only. */
long pool_set_by_policy(size_t size, long nr);

int pool_set_overcommit(size_t size, long nr);

/* Make up to @n free pages smaller ones, 2 MiB unless told; 0 or -errno. */
int pool_demote(size_t size, long n);

/*
 * Have @n pages that are neither used nor reserved.  2 MiB pages are
 * allocated as needed; of 1 GiB the boot has to bring enough: -ENOMEM.
 */
int pool_want(size_t size, long n);

/*
 * Poll until pool.nr is @nr: a release is finished by a deferred work.
 * The last reading, right or wrong, is in @pool.
 */
bool pool_wait_nr(size_t size, long nr, struct pool *pool);

#endif /* POOL_H */
