/* SPDX-License-Identifier: MIT */
/* A snapshot is text: "set KEY VALUE" a record, and "end COUNT". */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

#include "store.h"

/*
 * Write all that is not lost to @path, which is replaced at once.  0 or -errno;
 * @saved and @lost are how many records.
 */
int snapshot_save(struct store *store, const char *path, uint64_t *saved,
		  uint64_t *lost);

/*
 * Add what is in @path.  Errors of open(), read() and store_set(), where it
 * stops; -EBADMSG: it is no snapshot, or cut short.
 */
int snapshot_load(struct store *store, const char *path);

#endif /* SNAPSHOT_H */
