// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hugepage.h"

long pin_in_pipe(void *addr, size_t pages, int *fd)
{
	struct iovec iov = { addr, pages * BASE_PAGE };
	int pipefd[2];
	long got;

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK))
		return -errno;
	got = vmsplice(pipefd[1], &iov, 1, SPLICE_F_NONBLOCK);
	if (got < 0)
		got = -errno;
	close(pipefd[1]);
	if (got < 0) {
		close(pipefd[0]);
		return got;
	}
	*fd = pipefd[0];
	return got / (long)BASE_PAGE;
}

int pin_long_term(void *addr, size_t len)
{
	struct io_uring_params params = { 0 };
	struct iovec iov = { addr, len };
	int fd, err;

	fd = syscall(SYS_io_uring_setup, 1, &params);
	if (fd < 0)
		return -errno;
	if (!syscall(SYS_io_uring_register, fd, IORING_REGISTER_BUFFERS, &iov,
		     1))
		return fd;
	err = -errno;
	close(fd);
	return err;
}
