// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "pools.h"
#include "root.h"

#define POOLS	"/sys/kernel/mm/hugepages"

static int read_pool(struct pool *pool, unsigned int kib)
{
	const struct {
		const char *file;
		uint64_t *value;
	} files[] = {
		{ "nr_hugepages", &pool->total },
		{ "free_hugepages", &pool->free },
		{ "resv_hugepages", &pool->reserved },
		{ "surplus_hugepages", &pool->surplus },
	};
	size_t i;
	int err = 0;

	pool->page_bytes = (uint64_t)kib * 1024;
	for (i = 0; !err && i < sizeof(files) / sizeof(files[0]); i++)
		err = read_number(files[i].value,
				  POOLS "/hugepages-%ukB/%s", kib,
				  files[i].file);
	return err;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = ((const struct pool *)a)->page_bytes;
	uint64_t y = ((const struct pool *)b)->page_bytes;

	return (x > y) - (x < y);
}

static int add_pool(struct pools *pools, unsigned int kib)
{
	struct pool *more = reallocarray(pools->pool, pools->n + 1,
					 sizeof(*more));
	int err;

	if (!more)
		return -ENOMEM;
	pools->pool = more;
	err = read_pool(&more[pools->n], kib);
	pools->n += !err;
	return err;
}

void pools_read(struct pools *pools)
{
	DIR *d = opendir(root_path(POOLS));
	struct dirent *entry;
	unsigned int kib;

	*pools = (struct pools){ .err = d ? 0 : -errno };
	if (!d)
		return;
	while (!pools->err && (entry = readdir(d)))
		if (sscanf(entry->d_name, "hugepages-%ukB", &kib) == 1)
			pools->err = add_pool(pools, kib);
	closedir(d);
	if (pools->pool)
		qsort(pools->pool, pools->n, sizeof(*pools->pool), by_size);
}

void pools_free(struct pools *pools)
{
	free(pools->pool);
	*pools = (struct pools){ 0 };
}
