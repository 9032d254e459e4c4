/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers and lines in files of /proc, /sys and debugfs. */
#ifndef PROCFILE_H
#define PROCFILE_H

#include <stddef.h>

/* Whole file as a string, cut at @size - 1; its length or -errno. */
long procfile_read(const char *path, char *text, size_t size);

/* The file's only number; -errno (so below 0) if it cannot be read. */
long procfile_number(const char *path);

/* Number behind "@key" at the start of a line; -ENOENT without such a line. */
long procfile_value(const char *path, const char *key);

/* 0 or -errno of the write: many of these files answer through it. */
int procfile_write(const char *path, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* PROCFILE_H */
