// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"

struct writer {
	struct store *store;
	FILE *file;
	uint64_t saved;
	uint64_t lost;
};

/* A record whose value turns out to be lost when read is left out, too. */
static void write_record(const struct record *r, void *arg)
{
	static char value[VALUE_BYTES_MAX];
	struct writer *w = arg;
	int64_t length = store_get(w->store, r->key, value);

	if (length < 0) {
		w->lost++;
		return;
	}
	fprintf(w->file, "set %s %.*s\n", r->key, (int)length, value);
	w->saved++;
}

static int write_all(struct writer *w, const char *path)
{
	int err = 0;

	w->file = fopen(path, "we");
	if (!w->file)
		return -errno;
	store_each(w->store, write_record, w);
	fprintf(w->file, "end %lu\n", w->saved);
	if (fflush(w->file) || fsync(fileno(w->file)))
		err = -errno;
	if (fclose(w->file) && !err)
		err = -errno;
	return err;
}

int snapshot_save(struct store *store, const char *path, uint64_t *saved,
		  uint64_t *lost)
{
	struct writer w = { .store = store };
	char *new;
	int err;

	if (asprintf(&new, "%s.new", path) < 0)
		return -ENOMEM;
	err = write_all(&w, new);
	if (!err && rename(new, path))
		err = -errno;
	if (err)
		unlink(new);
	free(new);
	*saved = w.saved;
	*lost = w.lost;
	return err;
}

static int take_line(struct store *store, char *line)
{
	char *word = strsep(&line, " "), *key = strsep(&line, " ");

	if (strcmp(word, "set") || !line)
		return -EBADMSG;
	return store_set(store, key, line, strlen(line));
}

int snapshot_load(struct store *store, const char *path)
{
	return lines_read(fopen(path, "re"), take_line, store);
}
