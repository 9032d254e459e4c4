// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "pin.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hugepage.h"
#include "procfile.h"
#include "uring.h"

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
	struct uring ring;
	int err = uring_open(&ring);

	if (err)
		return err;
	err = uring_register(&ring, addr, len);
	if (!err)
		return ring.fd;
	close(ring.fd);
	return err;
}

/* The counters are per CPU; reading this file sums them. */
static void fold_counters(void)
{
	procfile_number("/proc/sys/vm/stat_refresh");
}

void pins_read(struct pins *pins)
{
	static const char vmstat[] = "/proc/vmstat";
	static const char status[] = "/proc/self/status";

	fold_counters();
	*pins = (struct pins){
		.acquired = procfile_value(vmstat, "nr_foll_pin_acquired "),
		.released = procfile_value(vmstat, "nr_foll_pin_released "),
		.locked_kb = procfile_value(status, "VmLck:"),
		.pinned_kb = procfile_value(status, "VmPin:"),
	};
}
