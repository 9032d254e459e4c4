/* SPDX-License-Identifier: GPL-2.0-only */
/* A file on the disk, one page of which lies in the page cache, clean. */
#ifndef CACHEDFILE_H
#define CACHEDFILE_H

#include <stdint.h>

/*
 * @map is a mapping of the page for reading, @pa where the page lies in memory.
 * It holds the pattern of offset 0.
 */
struct cachedfile {
	int fd;
	char *map;
	int64_t pa;
};

/* 0 or -errno. */
int cachedfile_create(struct cachedfile *file);

#endif /* CACHEDFILE_H */
