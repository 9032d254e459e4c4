// SPDX-License-Identifier: GPL-2.0-only
#include "cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "procfile.h"

#define PATH_SIZE	128

static const char *path_of(const char *name, const char *file, char *path)
{
	snprintf(path, PATH_SIZE, "/sys/fs/cgroup/%s/%s", name, file);
	return path;
}

int cgroup_make(const char *parent, const char *name, const char *controllers)
{
	char path[PATH_SIZE];
	int err = cgroup_write(parent, "cgroup.subtree_control", controllers);

	if (err)
		return err;
	if (mkdir(path_of(name, "", path), 0755) && errno != EEXIST)
		return -errno;
	return 0;
}

int cgroup_enter(const char *name)
{
	return cgroup_write(name, "cgroup.procs", "0");
}

long cgroup_number(const char *name, const char *file)
{
	char path[PATH_SIZE];

	return procfile_number(path_of(name, file, path));
}

long cgroup_value(const char *name, const char *file, const char *key)
{
	char path[PATH_SIZE];

	return procfile_value(path_of(name, file, path), key);
}

int cgroup_write(const char *name, const char *file, const char *text)
{
	char path[PATH_SIZE];

	return procfile_write(path_of(name, file, path), "%s", text);
}

int cgroup_remove(const char *name)
{
	char path[PATH_SIZE];

	return rmdir(path_of(name, "", path)) ? -errno : 0;
}
