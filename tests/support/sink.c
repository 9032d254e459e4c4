// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuseserver.h"

#define DIRECTORY	"/tmp/sink"
#define PLACE		"/tmp/sink.fuse"
#define DISK		"/dev/ram1"	/* swap has ram0 */

static int keep(struct sink *sink, int fd)
{
	sink->fd = fd;
	return fd < 0 ? -errno : 0;
}

static int open_mounted(struct sink *sink, const char *device, const char *fs)
{
	mkdir("/tmp", 0700);
	mkdir(DIRECTORY, 0700);
	if (mount(device, DIRECTORY, fs, 0, NULL))
		return -errno;
	sink->mounted = DIRECTORY;
	return keep(sink, open(DIRECTORY "/file", O_RDWR | O_CREAT | O_TRUNC |
			       O_CLOEXEC, 0600));
}

static int open_fuse(struct sink *sink)
{
	int fd, err;

	mkdir("/tmp", 0700);
	fd = open(PLACE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	err = fuseserver_start(PLACE, SINK_BYTES);
	if (err < 0)
		return err;
	sink->mounted = PLACE;
	return keep(sink, open(PLACE, O_RDWR | O_CLOEXEC));
}

int sink_open(struct sink *sink, enum sink_kind kind)
{
	*sink = (struct sink){ .fd = -1 };
	switch (kind) {
	case SINK_TMPFS:
		return keep(sink, memfd_create("sink", MFD_CLOEXEC));
	case SINK_RAMFS:
		return open_mounted(sink, "ramfs", "ramfs");
	case SINK_EXT4:
		if (system("mke2fs " DISK " >/dev/null 2>&1"))
			return -EIO;
		return open_mounted(sink, DISK, "ext4");
	case SINK_FUSE:
		return open_fuse(sink);
	}
	return -EINVAL;
}

void sink_unmount(struct sink *sink)
{
	if (sink->mounted)
		umount2(sink->mounted, MNT_DETACH);
	sink->mounted = NULL;
}
