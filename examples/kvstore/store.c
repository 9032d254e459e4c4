// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "store.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct record *record_of(const void *key)
{
	return (struct record *)((char *)key - offsetof(struct record, key));
}

/* An empty value takes a block, too. */
static size_t block_bytes(const struct record *r)
{
	return r->length ? r->length : 1;
}

void store_init(struct store *store, struct mfr_region *region)
{
	*store = (struct store){ .region = region };
	blocks_init(&store->blocks, region);
}

const struct record *store_find(const struct store *store, const char *key)
{
	void **node = tfind(key, &store->records, by_key);

	return node ? record_of(*node) : NULL;
}

bool store_is_lost(const struct store *store, const struct record *record)
{
	return record->length &&
	       !mfr_ledger_is_clean(mfr_region_ledger(store->region),
				    record->offset, record->length);
}

static bool is_key(const char *key)
{
	size_t length = strlen(key);

	return length && length <= KEY_BYTES_MAX && !strpbrk(key, " \t\r\n");
}

static int add_record(struct store *s, const char *key, uint64_t offset,
		      uint32_t length)
{
	struct record *r = malloc(sizeof(*r) + strlen(key) + 1);

	if (!r)
		return -ENOMEM;
	r->offset = offset;
	r->length = length;
	strcpy(r->key, key);
	if (!tsearch(r->key, &s->records, by_key)) {
		free(r);
		return -ENOMEM;
	}
	s->count++;
	return 0;
}

/* A block that turns out to be lost is not freed. */
static int64_t write_value(struct store *s, const char *value, size_t length)
{
	int64_t offset;

	do {
		offset = blocks_take(&s->blocks, length ? length : 1);
	} while (offset >= 0 &&
		 mfr_write(s->region, offset, value, length) != (int64_t)length);
	return offset;
}

/* Never write the new value over the old one, which may be lost. */
int store_set(struct store *store, const char *key, const char *value,
	      size_t length)
{
	struct record *r = (struct record *)store_find(store, key);
	int64_t offset;
	int err = 0;

	if (!is_key(key))
		return -EINVAL;
	if (length > VALUE_BYTES_MAX)
		return -E2BIG;
	offset = write_value(store, value, length);
	if (offset < 0)
		return offset;
	if (r) {
		blocks_give(&store->blocks, r->offset, block_bytes(r));
		r->offset = offset;
		r->length = length;
	} else {
		err = add_record(store, key, offset, length);
	}
	if (err)
		blocks_give(&store->blocks, offset, length ? length : 1);
	return err;
}

int64_t store_get(struct store *store, const char *key, char *value)
{
	const struct record *r = store_find(store, key);

	if (!r)
		return -ENOENT;
	if (mfr_read(store->region, r->offset, value, r->length) != r->length)
		return -EHWPOISON;
	return r->length;
}

int store_delete(struct store *store, const char *key)
{
	struct record *r = (struct record *)store_find(store, key);

	if (!r)
		return -ENOENT;
	blocks_give(&store->blocks, r->offset, block_bytes(r));
	tdelete(key, &store->records, by_key);
	free(r);
	store->count--;
	return 0;
}

int store_place(struct store *store, const char *key, uint64_t offset,
		uint32_t length)
{
	int err;

	if (!is_key(key) || store_find(store, key) || length > VALUE_BYTES_MAX ||
	    blocks_take_at(&store->blocks, offset, length ? length : 1))
		return -EINVAL;
	err = add_record(store, key, offset, length);
	if (err)
		blocks_give(&store->blocks, offset, length ? length : 1);
	return err;
}

struct visitor {
	void (*visit)(const struct record *record, void *arg);
	void *arg;
};

static void visit_node(const void *node, VISIT order, void *arg)
{
	const struct visitor *v = arg;

	if (order == postorder || order == leaf)
		v->visit(record_of(*(const void *const *)node), v->arg);
}

void store_each(const struct store *store,
		void (*visit)(const struct record *record, void *arg),
		void *arg)
{
	struct visitor v = { visit, arg };

	twalk_r(store->records, visit_node, &v);
}
