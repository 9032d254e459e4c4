/* SPDX-License-Identifier: MIT */
/* Lists as text: a line a record, and "end COUNT". */
#ifndef LINES_H
#define LINES_H

#include <stdio.h>

#include "store.h"

/*
 * Let @take have all lines, without newline, of @file, and close it (NULL:
 * -errno).  What @take returns if not 0; -EBADMSG: the list is cut short, or
 * has no such end.
 */
int lines_read(FILE *file, int (*take)(struct store *store, char *line),
	       struct store *store);

#endif /* LINES_H */
