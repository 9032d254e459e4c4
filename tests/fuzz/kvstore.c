// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes as the state that kvstore starts from.  The first byte
 * chooses: a snapshot, or the index that a predecessor sends with its memory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "snapshot.h"
#include "store.h"
#include "successor.h"

#define BYTES	(4 * (uint64_t)BLOCK_BYTES_MAX)

struct look {
	struct store *store;
	uint64_t records;
	uint8_t used[BYTES];
};

static struct mfr_context *context;

/* Do not report leaks: kvstore has no function to free a store. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void require(int holds)
{
	if (!holds)
		abort();
}

static struct mfr_region *new_region(void)
{
	struct mfr_region_options options = {
		.size = sizeof(options), .bytes = BYTES,
	};
	struct mfr_region *region;

	require(!mfr_region_create(context, &options, &region));
	return region;
}

static void load(struct store *store, const uint8_t *data, size_t size)
{
	int fd = memfd_create("snapshot", 0);
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(write(fd, data, size) == (ssize_t)size);
	store_init(store, new_region());
	snapshot_load(store, path);
	close(fd);
}

static void succeed(struct store *store, const uint8_t *data, size_t size)
{
	struct mfr_region *region = new_region();
	int pair[2];

	require(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	require(!mfr_region_send(region, pair[0]));
	require(send(pair[0], data, size, 0) == (ssize_t)size);
	shutdown(pair[0], SHUT_WR);
	take_over(store, context, pair[1]);
	close(pair[0]);
	close(pair[1]);
	mfr_region_destroy(region);
}

/* No two records share a byte, and each value can be read. */
static void look_at(const struct record *r, void *arg)
{
	static char value[VALUE_BYTES_MAX];
	struct look *look = arg;
	uint32_t i;

	for (i = 0; i < r->length; i++)
		require(!look->used[r->offset + i]++);
	require(store_get(look->store, r->key, value) == r->length);
	look->records++;
}

static void check(struct store *store)
{
	static struct look look;

	memset(&look, 0, sizeof(look));
	look.store = store;
	store_each(store, look_at, &look);
	require(look.records == store->count);
}

static char *any_key;

static void note_key(const struct record *r, void *arg)
{
	(void)arg;
	if (!any_key)
		any_key = strdup(r->key);
}

static void drop(struct store *store)
{
	struct mfr_region *region = store->region;

	while (store->count) {
		any_key = NULL;
		store_each(store, note_key, NULL);
		require(!store_delete(store, any_key));
		free(any_key);
	}
	mfr_region_destroy(region);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct store store = { };

	if (!size)
		return 0;
	if (!context)
		require(!mfr_context_create(NULL, &context));
	(data[0] % 2 ? succeed : load)(&store, data + 1, size - 1);
	check(&store);
	drop(&store);
	return 0;
}
