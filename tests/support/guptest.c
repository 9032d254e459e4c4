// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "guptest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hugepage.h"

int guptest_open(void)
{
	int fd = open("/sys/kernel/debug/gup_test", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int guptest_pin(int fd, const void *addr, size_t len, unsigned int flags)
{
	struct pin_longterm_test pin = {
		.addr = (uintptr_t)addr,
		.size = len,
		.flags = flags,
	};

	return ioctl(fd, PIN_LONGTERM_TEST_START, &pin) ? -errno : 0;
}

int guptest_unpin(int fd)
{
	return ioctl(fd, PIN_LONGTERM_TEST_STOP) ? -errno : 0;
}

int guptest_read(int fd, void *data)
{
	uint64_t to = (uintptr_t)data;

	return ioctl(fd, PIN_LONGTERM_TEST_READ, &to) ? -errno : 0;
}

static int run(unsigned long cmd, struct gup_test *test)
{
	int fd = guptest_open(), err;

	if (fd < 0)
		return fd;
	err = ioctl(fd, cmd, test) ? -errno : 0;
	close(fd);
	return err;
}

long guptest_count(unsigned long cmd, const void *addr, size_t pages)
{
	struct gup_test test = {
		.addr = (uintptr_t)addr,
		.size = pages * BASE_PAGE,
		.nr_pages_per_call = 1,
	};
	int err = run(cmd, &test);

	/* @size is now the bytes up to the first call that got nothing */
	return err ? err : (long)(test.size / BASE_PAGE);
}

int guptest_dump(const void *addr, size_t pages, size_t which, bool pin)
{
	struct gup_test test = {
		.addr = (uintptr_t)addr,
		.size = pages * BASE_PAGE,
		.nr_pages_per_call = pages,
		.test_flags = pin ? GUP_TEST_FLAG_DUMP_PAGES_USE_PIN : 0,
		.which_pages = { which },
	};

	return run(DUMP_USER_PAGES_TEST, &test);
}
