// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "swapdisk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "hugepage.h"

#define DISK	"/dev/ram0"

/* The first page of a swap space, in the format that swapon(2) requires. */
struct header {
	char boot[1024];
	uint32_t version, last_page, bad_pages;
	char rest[3050];
	char magic[10];
};

_Static_assert(sizeof(struct header) == BASE_PAGE, "one page");

static int format(int fd)
{
	struct header header = { .version = 1 };
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < (off_t)(2 * BASE_PAGE))
		return -ENOSPC;
	header.last_page = size / BASE_PAGE - 1;
	memcpy(header.magic, "SWAPSPACE2", sizeof(header.magic));
	if (pwrite(fd, &header, sizeof(header), 0) != sizeof(header))
		return -EIO;
	return fsync(fd) ? -errno : 0;
}

int swapdisk_on(void)
{
	int fd = open(DISK, O_RDWR | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = format(fd);
	close(fd);
	if (err)
		return err;
	return swapon(DISK, 0) ? -errno : 0;
}

int swapdisk_off(void)
{
	return swapoff(DISK) ? -errno : 0;
}
