// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "number.h"
#include "root.h"

static const char *root = "";

void root_set(const char *dir)
{
	root = dir;
}

bool root_is_copy(void)
{
	return *root;
}

static const char *vpath(const char *fmt, va_list ap)
{
	static _Thread_local char path[PATH_MAX];
	size_t n = (size_t)snprintf(path, sizeof(path), "%s", root);

	if (n < sizeof(path))
		vsnprintf(path + n, sizeof(path) - n, fmt, ap);
	return path;
}

const char *root_path(const char *fmt, ...)
{
	const char *path;
	va_list ap;

	va_start(ap, fmt);
	path = vpath(fmt, ap);
	va_end(ap);
	return path;
}

/* Each is of one thread: exit() need not wait for another that reads for ever. */
FILE *root_fopen(const char *fmt, ...)
{
	va_list ap;
	FILE *f;

	va_start(ap, fmt);
	f = fopen(vpath(fmt, ap), "re");
	va_end(ap);
	if (f)
		__fsetlocking(f, FSETLOCKING_BYCALLER);
	return f;
}

/* A read can fail too: some files can be opened, but return EPERM or ENODEV. */
static int first_line(char *line, size_t size, const char *path)
{
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f)
		return -errno;
	errno = 0;
	if (!fgets(line, (int)size, f))
		err = errno ? -errno : -ENODATA;
	fclose(f);
	if (err)
		return err;
	size = strlen(line);
	while (size && isspace((unsigned char)line[size - 1]))
		line[--size] = '\0';
	return 0;
}

int read_line(char *line, size_t size, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = first_line(line, size, vpath(fmt, ap));
	va_end(ap);
	return err;
}

static int file_number(uint64_t *value, const char *path)
{
	char line[64];
	int err = first_line(line, sizeof(line), path);

	if (err)
		return err;
	if (number_parse(line + (*line == '-'), value))
		return *line == '-' || *value > INT64_MAX ? -ERANGE : 0;
	return -EINVAL;
}

int read_number(uint64_t *value, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = file_number(value, vpath(fmt, ap));
	va_end(ap);
	return err;
}

int read_count(uint64_t *value, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = file_number(value, vpath(fmt, ap));
	va_end(ap);
	if (err)
		*value = COUNT_UNKNOWN;
	return err;
}

int write_text(const char *text, const char *fmt, ...)
{
	int fd, err = 0;
	va_list ap;

	va_start(ap, fmt);
	fd = open(vpath(fmt, ap), O_WRONLY | O_TRUNC | O_CLOEXEC);
	va_end(ap);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int numbered(const char *name, const char *prefix, unsigned int *n)
{
	size_t len = strlen(prefix);
	char *end;

	if (strncmp(name, prefix, len) || !isdigit((unsigned char)name[len]))
		return 0;
	*n = (unsigned int)strtoul(name + len, &end, 10);
	return !*end;
}

static int compare(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

static int collect(DIR *d, const char *prefix, unsigned int **numbers)
{
	unsigned int *found = NULL, *more, n;
	struct dirent *entry;
	int count = 0;

	for (errno = 0; (entry = readdir(d)); errno = 0) {
		if (!numbered(entry->d_name, prefix, &n))
			continue;
		more = reallocarray(found, (size_t)count + 1, sizeof(*found));
		if (!more) {
			free(found);
			return -ENOMEM;
		}
		found = more;
		found[count++] = n;
	}
	if (errno) {
		free(found);
		return -errno;
	}
	if (found)
		qsort(found, (size_t)count, sizeof(*found), compare);
	*numbers = found;
	return count;
}

int list_numbered(const char *dir, const char *prefix, unsigned int **numbers)
{
	DIR *d = opendir(root_path("%s", dir));
	int count;

	*numbers = NULL;
	if (!d)
		return -errno;
	count = collect(d, prefix, numbers);
	closedir(d);
	return count;
}
