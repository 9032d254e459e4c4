// SPDX-License-Identifier: GPL-2.0-only
#include "procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

long procfile_read(const char *path, char *text, size_t size)
{
	size_t len = 0;
	ssize_t got = 0;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		got = read(fd, text + len, size - 1 - len);
		if (got <= 0)
			break;
		len += got;
	}
	if (got < 0)
		got = -errno;
	text[len] = '\0';
	close(fd);
	return got < 0 ? got : (long)len;
}

long procfile_number(const char *path)
{
	char text[64];
	long err = procfile_read(path, text, sizeof(text));

	return err < 0 ? err : strtol(text, NULL, 0);
}

long procfile_value(const char *path, const char *key)
{
	static char text[1 << 16];
	const char *line = text;
	long err;

	err = procfile_read(path, text, sizeof(text));
	if (err < 0)
		return err;
	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, strlen(key)))
			return strtol(line + strlen(key), NULL, 0);
	}
	return -ENOENT;
}

int procfile_write(const char *path, const char *format, ...)
{
	va_list args;
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	va_start(args, format);
	if (vdprintf(fd, format, args) < 0)
		err = -errno;
	va_end(args);
	close(fd);
	return err;
}
