/* SPDX-License-Identifier: MIT */
/* Lists as text: one line per record, then "end COUNT". */
#ifndef LINES_H
#define LINES_H

#include <stdio.h>

#include "store.h"

/*
 * Pass each line of @file, without newline, to @take, and close @file; if @file
 * is NULL, return -errno.  Stops if @take returns an error, and returns it.
 * -EBADMSG: the end is missing, or its count is wrong.
 */
int lines_read(FILE *file, int (*take)(struct store *store, char *line),
	       struct store *store);

#endif /* LINES_H */
