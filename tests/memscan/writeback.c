// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "writeback.h"

#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hugepage.h"
#include "monitor.h"
#include "pageflags.h"
#include "polling.h"

#define PATH	"/disk/held"
#define PAGES	8UL
/* Apart, or they would be one folio, which is written as one. */
#define STRIDE	(16 * BASE_PAGE)
#define BYTES	(PAGES * STRIDE)
/* A write that is not held never takes this long. */
#define HELD_SECONDS	5
/* QEMU's name of the disk, bytes per second (total, read, write), then IOPS */
#define HELD	"block_set_io_throttle virtio0 0 0 1 0 0 0"
#define FREE	"block_set_io_throttle virtio0 0 0 0 0 0 0"

/* Also allocates the file's blocks, so that rewriting needs no other write. */
static int create(struct writeback *held)
{
	static const char zeros[BASE_PAGE];
	size_t at;

	held->fd = open(PATH, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (held->fd < 0)
		return -errno;
	for (at = 0; at < BYTES; at += STRIDE)
		if (pwrite(held->fd, zeros, sizeof(zeros), at) != sizeof(zeros))
			return -EIO;
	if (fsync(held->fd))
		return -errno;
	held->map = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 held->fd, 0);
	return held->map == MAP_FAILED ? -errno : 0;
}

static bool is_under_way(int64_t pa)
{
	return page_flags(pa / BASE_PAGE) & PAGE_WRITEBACK;
}

/* Measured by the clock, because polling is slow on a debug kernel. */
static bool stays_under_way(int64_t pa)
{
	time_t end = time(NULL) + HELD_SECONDS;

	while (is_under_way(pa)) {
		if (time(NULL) > end)
			return true;
		poll_pause();
	}
	return false;
}

/*
 * QEMU lets one more write through, so write one page after the other.  The
 * first one that stays under writeback is the one that is held.
 */
int writeback_hold(struct writeback *held)
{
	int err = create(held);
	size_t at;

	for (at = 0; !err && at < BYTES; at += STRIDE)
		held->map[at] = 1;
	if (!err)
		err = monitor_do(HELD);
	for (at = 0; !err && at < BYTES; at += STRIDE) {
		held->pa = lab_pa(held->map + at);
		if (held->pa < 0 ||
		    sync_file_range(held->fd, at, BASE_PAGE,
				    SYNC_FILE_RANGE_WRITE))
			return -EIO;
		if (stays_under_way(held->pa))
			return 0;
	}
	return err ? err : -ETIME;
}

int writeback_let_go(void)
{
	return monitor_do(FREE);
}
