// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int lines_read(FILE *file, int (*take)(struct store *store, char *line),
	       struct store *store)
{
	uint64_t lines = 0, count = UINT64_MAX;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	if (!file)
		return -errno;
	while (!err && getline(&line, &size, file) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "end %" SCNu64, &count) == 1)
			break;
		err = take(store, line);
		lines++;
	}
	if (!err && (feof(file) || ferror(file) || count != lines))
		err = -EBADMSG;
	free(line);
	fclose(file);
	return err;
}
