// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "cachedfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hugepage.h"
#include "pattern.h"

/* Where run has mounted the disk */
#define PATH	"/disk/file"

/* Puts data and metadata on the disk, so that the page is clean. */
static int write_out(int fd)
{
	static char page[BASE_PAGE];

	pattern_fill(page, 0, sizeof(page));
	if (pwrite(fd, page, sizeof(page), 0) != (ssize_t)sizeof(page))
		return -EIO;
	return fsync(fd) ? -errno : 0;
}

int cachedfile_create(struct cachedfile *file)
{
	int err;

	file->fd = open(PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return -errno;
	err = write_out(file->fd);
	if (err)
		return err;
	file->map = mmap(NULL, BASE_PAGE, PROT_READ, MAP_SHARED | MAP_POPULATE,
			 file->fd, 0);
	if (file->map == MAP_FAILED)
		return -errno;
	file->pa = lab_pa(file->map);
	return file->pa < 0 ? (int)file->pa : 0;
}
