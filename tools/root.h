/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files of the kernel, or of a directory with the same layout (--root).
 *
 * Paths are absolute, as in the kernel's documentation.  Functions of type int
 * return 0 or more, or a negative errno.
 */
#ifndef MFR_ROOT_H
#define MFR_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PATH_FORMAT	__attribute__((format(printf, 1, 2)))

void root_set(const char *dir);

/* Of a host's files, in which links into its processes lead nowhere. */
bool root_is_copy(void);

/* The path below the root, in a buffer of the thread that its next call reuses. */
const char *root_path(const char *fmt, ...) PATH_FORMAT;

FILE *root_fopen(const char *fmt, ...) PATH_FORMAT;

/*
 * Read a file of one number (number.h); -EINVAL if it holds anything else,
 * -ERANGE if the number is below zero or above INT64_MAX.
 */
int read_number(uint64_t *value, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A counter that was not read.  read_number() takes none above INT64_MAX: a
 * counter that the kernel took below zero looks like 2^64 less a few.
 */
#define COUNT_UNKNOWN	UINT64_MAX

/* Like read_number(); on failure @value is COUNT_UNKNOWN. */
int read_count(uint64_t *value, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Write @text to an existing file. */
int write_text(const char *text, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Read a file's first line, without trailing white space and cut to @size. */
int read_line(char *line, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The numbers N of all "@prefix""N" in directory @dir, in order; the caller
 * frees @numbers.  Returns how many.
 */
int list_numbered(const char *dir, const char *prefix,
		  unsigned int **numbers);

#endif /* MFR_ROOT_H */
