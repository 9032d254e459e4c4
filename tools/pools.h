/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pools of huge pages (/sys/kernel/mm/hugepages), one per page size.
 */
#ifndef MFR_POOLS_H
#define MFR_POOLS_H

#include <stddef.h>
#include <stdint.h>

#include "unread.h"

/* Numbers of pages, or COUNT_UNKNOWN. */
struct pool {
	uint64_t page_bytes;
	uint64_t total;
	uint64_t free;
	uint64_t reserved;
	uint64_t surplus;
};

struct pools {
	struct unread unread;
	size_t n;
	struct pool *pool;	/* by page size */
};

void pools_read(struct pools *pools);
void pools_free(struct pools *pools);

#endif /* MFR_POOLS_H */
