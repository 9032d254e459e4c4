/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool of huge pages of one size, in the whole system and by node. */
#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>

struct pool {
	long nr, free, resv, surplus;
	long node_nr, node_free, node_surplus;	/* sums over all nodes */
};

int pool_read(size_t size, struct pool *pool);

/* Set the persistent pool; the pages that there are now, or -errno. */
long pool_set(size_t size, long nr);

int pool_set_overcommit(size_t size, long nr);

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
