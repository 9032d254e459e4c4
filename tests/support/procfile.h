/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers and lines in files of /proc, /sys and debugfs. */
#ifndef PROCFILE_H
#define PROCFILE_H

#include <stddef.h>

/* The file as a string, cut at @size - 1; returns its length or -errno. */
long procfile_read(const char *path, char *text, size_t size);

/* The file's only number; -errno if it cannot be read. */
long procfile_number(const char *path);

/* The number after a line's leading @key; -ENOENT without such a line. */
long procfile_value(const char *path, const char *key);

/* 0 or the write's -errno, by which many of these files report a result. */
int procfile_write(const char *path, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* PROCFILE_H */
