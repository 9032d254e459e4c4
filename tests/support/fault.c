// SPDX-License-Identifier: GPL-2.0-only
#include "fault.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "procfile.h"

static int set(const char *which, const char *name, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", which, name);
	return procfile_write(path, "%s", value);
}

static int set_number(const char *which, const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	return set(which, name, text);
}

int fault_arm(const char *which, long times, int order)
{
	bool pages = !strcmp(which, FAULT_PAGES);
	int err;

	err = set(which, "task-filter", "Y");
	err = err ?: set(which, "ignore-gfp-wait", "N");
	err = err ?: set_number(which, "interval", 1);
	err = err ?: set_number(which, "verbose", 0);
	if (pages)
		err = err ?: set_number(which, "min-order", order);
	err = err ?: set_number(which, "times", times);
	return err ?: set_number(which, "probability", 100);
}

int fault_disarm(const char *which)
{
	return set_number(which, "probability", 0);
}

long fault_left(const char *which)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", which);
	return procfile_number(path);
}

int fault_self_open(void)
{
	int fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int fault_self(int fd, bool fail)
{
	return pwrite(fd, fail ? "1" : "0", 1, 0) == 1 ? 0 : -errno;
}

static bool is_unbound_worker(const char *pid)
{
	static const char name[] = "kworker/u";
	char path[300], comm[64];

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	return procfile_read(path, comm, sizeof(comm)) > 0 &&
	       !strncmp(comm, name, strlen(name));
}

int fault_unbound_workers(bool fail)
{
	struct dirent *entry;
	char path[300];
	int workers = 0;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		if (!isdigit(entry->d_name[0]) ||
		    !is_unbound_worker(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/make-it-fail",
			 entry->d_name);
		workers += !procfile_write(path, "%d", fail);
	}
	closedir(proc);
	return workers ? 0 : -ESRCH;
}
