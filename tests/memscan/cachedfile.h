/* SPDX-License-Identifier: GPL-2.0-only */
/* A file on the disk that has one clean page in the page cache. */
#ifndef CACHEDFILE_H
#define CACHEDFILE_H

#include <stdint.h>

/*
 * @map is a read-only mapping of the page, @pa its physical address.  The page
 * holds the pattern of offset 0.
 */
struct cachedfile {
	int fd;
	char *map;
	int64_t pa;
};

/* 0 or -errno. */
int cachedfile_create(struct cachedfile *file);

#endif /* CACHEDFILE_H */
