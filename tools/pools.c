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
	int ret, err = 0;

	pool->page_bytes = (uint64_t)kib * 1024;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ret = read_count(files[i].value, POOLS "/hugepages-%ukB/%s",
				 kib, files[i].file);
		err = err ? err : ret;
	}
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
	err = read_pool(&more[pools->n++], kib);
	if (err)
		unread_member(&pools->unread, err, "hugepages-%ukB", kib);
	return 0;
}

void pools_read(struct pools *pools)
{
	DIR *d = opendir(root_path(POOLS));
	struct dirent *entry;
	unsigned int kib;
	int err = d ? 0 : -errno;

	*pools = (struct pools){ 0 };
	while (!err && (entry = readdir(d)))
		if (sscanf(entry->d_name, "hugepages-%ukB", &kib) == 1)
			err = add_pool(pools, kib);
	if (d)
		closedir(d);
	if (err)
		unread_all(&pools->unread, err);
	if (pools->pool)
		qsort(pools->pool, pools->n, sizeof(*pools->pool), by_size);
}

void pools_free(struct pools *pools)
{
	free(pools->pool);
	*pools = (struct pools){ 0 };
}
