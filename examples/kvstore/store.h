/* SPDX-License-Identifier: MIT */
/*
 * Records: values are in the region, keys and offsets in ordinary memory.
 *
 * Records have no mark for lost: the region's ledger says which are.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>

#include <mfr.h>

#include "blocks.h"

#define KEY_BYTES_MAX	250
#define VALUE_BYTES_MAX	BLOCK_BYTES_MAX

struct store {
	struct mfr_region *region;
	struct blocks blocks;
	void *records;			/* a tree, by key */
	uint64_t count;
};

struct record {
	uint64_t offset;		/* of the value in the region */
	uint32_t length;
	char key[];
};

void store_init(struct store *store, struct mfr_region *region);

/*
 * -EINVAL: not a key (1 to KEY_BYTES_MAX bytes, no blanks); -E2BIG: the value
 * is too long; -ENOSPC: the region is full; -ENOMEM.
 */
int store_set(struct store *store, const char *key, const char *value,
	      size_t length);

/*
 * Copy the value to @value, of VALUE_BYTES_MAX; returns its length.  -ENOENT;
 * -EHWPOISON: it is lost.
 */
int64_t store_get(struct store *store, const char *key, char *value);

/* -ENOENT. */
int store_delete(struct store *store, const char *key);

/* Add a record whose value is in the region already; -EINVAL: it cannot be. */
int store_place(struct store *store, const char *key, uint64_t offset,
		uint32_t length);

const struct record *store_find(const struct store *store, const char *key);
bool store_is_lost(const struct store *store, const struct record *record);

/* Visits the records in the order of their keys. */
void store_each(const struct store *store,
		void (*visit)(const struct record *record, void *arg),
		void *arg);

#endif /* STORE_H */
