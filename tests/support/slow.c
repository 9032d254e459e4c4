// SPDX-License-Identifier: GPL-2.0-only
#include "slow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "procfile.h"

#define TRACING	"/sys/kernel/tracing/"

static int add_probe(const char *function, int i)
{
	char line[128];
	int len, fd, err = 0;

	len = snprintf(line, sizeof(line), "r:slow/at%d %s\n", i, function);
	fd = open(TRACING "kprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, line, len) != len)
		err = -errno;
	close(fd);
	return err;
}

int slow_return(const char *function, int probes)
{
	int i, err = 0;

	for (i = 0; i < probes && !err; i++)
		err = add_probe(function, i);
	if (!err)
		err = procfile_write(TRACING "options/stacktrace", "1");
	if (!err)
		err = procfile_write(TRACING "events/slow/enable", "1");
	return err;
}

void slow_end(void)
{
	procfile_write(TRACING "events/slow/enable", "0");
	procfile_write(TRACING "options/stacktrace", "0");
	procfile_write(TRACING "kprobe_events", "\n");
}
