// SPDX-License-Identifier: GPL-2.0-only
/* Pages in pipes, moved on to where the kernel copies them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "descriptors.h"
#include "hugepage.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

static void empty(int fd)
{
	static char bytes[4096];
	int i;

	for (i = 0; i < 16; i++) {
		ssize_t got = -1;

		user_try(got = read(fd, bytes, sizeof(bytes)));
		if (got <= 0)
			return;
	}
}

static void move_on(struct rng *rng, int from)
{
	static const enum descriptor to[] = {
		FD_SHMEM, FD_FILE, FD_UNIX, FD_TCP, FD_UDP,
		FD_PIPE2_IN, FD_NULL, FD_PTY, FD_FUSE,
	};
	int fd = descriptor(to[rng_below(rng, sizeof(to) / sizeof(*to))]);

	if (rng_percent(rng, 20))
		tee(from, descriptor(FD_PIPE2_IN), 4096, SPLICE_F_NONBLOCK);
	splice(from, NULL, fd, NULL, 1 + rng_below(rng, 4096),
	       SPLICE_F_NONBLOCK | (rng_percent(rng, 50) ? SPLICE_F_MOVE : 0));
	if (rng_percent(rng, 50))
		read(from, place_raw(rng, 64, true), 64);
}

/* The page enters the pipe before it is consumed; then the kernel copies it. */
void scene_pipe(struct rng *rng)
{
	char *line = place_line(rng, true);
	struct iovec iov = {
		rng_percent(rng, 50) ? line : (char *)((uintptr_t)line & -BASE_PAGE),
		64 + rng_below(rng, BASE_PAGE - 64),
	};

	empty(descriptor(FD_PIPE_OUT));
	vmsplice(descriptor(FD_PIPE_IN), &iov, 1, SPLICE_F_NONBLOCK |
		 (rng_percent(rng, 30) ? SPLICE_F_GIFT : 0));
	if (rng_percent(rng, 80))
		user_try((void)*(volatile char *)line);
	move_on(rng, descriptor(FD_PIPE_OUT));
	empty(descriptor(FD_PIPE_OUT));
	empty(descriptor(FD_PIPE2_OUT));
}

/* From the file: the kernel reads its pages without a mapping. */
void scene_sendfile(struct rng *rng)
{
	off_t at = (uintptr_t)place_line(rng, true) & (SIZE_2M - 1);
	int from = descriptor(rng_below(rng, 2) ? FD_KNOWN : FD_NEW);

	at -= rng_below(rng, 2) ? rng_below(rng, 64) : 0;
	empty(descriptor(FD_PIPE_OUT));
	if (rng_percent(rng, 50))
		sendfile(descriptor(FD_UNIX), from, &at, 4096);
	else
		splice(from, &at, descriptor(FD_PIPE_IN), NULL, 4096,
		       SPLICE_F_NONBLOCK);
	move_on(rng, descriptor(FD_PIPE_OUT));
	empty(descriptor(FD_UNIX_PEER));
}
