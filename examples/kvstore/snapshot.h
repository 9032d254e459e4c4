/* SPDX-License-Identifier: MIT */
/* A snapshot is text: one "set KEY VALUE" per record, then "end COUNT". */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "store.h"

/*
 * Write all records that are not lost to @path, which is replaced atomically.
 * Returns 0 or -errno; @saved and @lost return the numbers of records.
 */
int snapshot_save(struct store *store, const char *path, uint64_t *saved,
		  uint64_t *lost);

/*
 * Add the records in @path, up to the first error.  Errors of open(), read()
 * and store_set(); -EBADMSG: not a snapshot, or truncated.
 */
int snapshot_load(struct store *store, const char *path);

#endif /* SNAPSHOT_H */
