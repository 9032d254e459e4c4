// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "fdinfo.h"

#include <stdio.h>
#include <string.h>

#include "procfile.h"

/* Room for a line for every other base page of 1 GiB. */
#define TEXT_MAX	(4UL << 20)

static char text[TEXT_MAX];

static void read_fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (procfile_read(path, text, sizeof(text)) < 0)
		text[0] = '\0';
}

bool fdinfo_policy(int fd)
{
	char *line, *rest = text;
	int lines = 0, exact = 0;

	read_fdinfo(fd);
	while ((line = strsep(&rest, "\n"))) {
		lines += !strncmp(line, "mf_keep", strlen("mf_keep"));
		exact += !strcmp(line, "mf_keep_ue_mapped:\t1") ||
			 !strcmp(line, "mf_keep_ue_mapped: 1");
	}
	return lines == 1 && exact == 1;
}

const char *fdinfo_ranges(int fd)
{
	static const char key[] = "mf_ue:";
	static char ranges[TEXT_MAX];
	char *line, *rest = text, *end = ranges;

	ranges[0] = '\0';
	read_fdinfo(fd);
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, key, strlen(key)))
			continue;
		line += strlen(key);
		line += strspn(line, " \t");
		if (end != ranges)
			*end++ = ' ';
		end = stpcpy(end, line);
	}
	return ranges;
}

bool fdinfo_any(int fd)
{
	read_fdinfo(fd);
	return strstr(text, "\nmf_");
}
