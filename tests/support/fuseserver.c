// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "fuseserver.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <signal.h>
#include <unistd.h>

#define MAX_WRITE	(64 << 10)

struct server {
	int fd;
	char *data;
	size_t size, size_max;
};

static void answer(const struct server *s, const struct fuse_in_header *in,
		   int err, const void *data, size_t len)
{
	struct fuse_out_header out = {
		.len = sizeof(out) + len,
		.error = err,
		.unique = in->unique,
	};
	struct iovec parts[] = { { &out, sizeof(out) }, { (void *)data, len } };

	if (writev(s->fd, parts, len ? 2 : 1) < 0 && errno != ENOENT)
		exit(1);
}

static void answer_init(const struct server *s, const struct fuse_in_header *in)
{
	const struct fuse_init_in *asked = (const void *)(in + 1);
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = asked->max_readahead,
		.flags = FUSE_BIG_WRITES,
		.max_write = MAX_WRITE,
	};

	answer(s, in, 0, &out, sizeof(out));
}

static void answer_attr(const struct server *s, const struct fuse_in_header *in)
{
	struct fuse_attr_out out = {
		.attr = {
			.ino = FUSE_ROOT_ID,
			.size = s->size,
			.mode = S_IFREG | 0600,
			.nlink = 1,
			.blksize = 4096,
		},
	};

	answer(s, in, 0, &out, sizeof(out));
}

static void answer_write(struct server *s, const struct fuse_in_header *in)
{
	const struct fuse_write_in *asked = (const void *)(in + 1);
	struct fuse_write_out out = { .size = asked->size };

	if (asked->offset + asked->size > s->size_max) {
		answer(s, in, -ENOSPC, NULL, 0);
		return;
	}
	memcpy(s->data + asked->offset, asked + 1, asked->size);
	if (s->size < asked->offset + asked->size)
		s->size = asked->offset + asked->size;
	answer(s, in, 0, &out, sizeof(out));
}

static void answer_read(struct server *s, const struct fuse_in_header *in)
{
	const struct fuse_read_in *asked = (const void *)(in + 1);
	size_t len = asked->size;

	if (asked->offset >= s->size)
		len = 0;
	else if (len > s->size - asked->offset)
		len = s->size - asked->offset;
	answer(s, in, 0, s->data + asked->offset, len);
}

static void answer_setattr(struct server *s, const struct fuse_in_header *in)
{
	const struct fuse_setattr_in *asked = (const void *)(in + 1);

	if (asked->valid & FATTR_SIZE)
		s->size = asked->size;
	answer_attr(s, in);
}

/* Who opens it with O_DIRECT goes around the page cache that others fill. */
static void answer_open(struct server *s, const struct fuse_in_header *in)
{
	const struct fuse_open_in *asked = (const void *)(in + 1);
	struct fuse_open_out out = {
		.open_flags = asked->flags & O_DIRECT ? FOPEN_DIRECT_IO : 0,
	};

	answer(s, in, 0, &out, sizeof(out));
}

static void answer_one(struct server *s, const struct fuse_in_header *in)
{
	switch (in->opcode) {
	case FUSE_INIT:
		return answer_init(s, in);
	case FUSE_GETATTR:
		return answer_attr(s, in);
	case FUSE_SETATTR:
		return answer_setattr(s, in);
	case FUSE_OPEN:
		return answer_open(s, in);
	case FUSE_WRITE:
		return answer_write(s, in);
	case FUSE_READ:
		return answer_read(s, in);
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		return;
	default:
		return answer(s, in, -ENOSYS, NULL, 0);
	}
}

/* Returns when the file system is unmounted. */
static void serve(struct server *s)
{
	static char request[MAX_WRITE + 4096] __attribute__((aligned(8)));

	while (read(s->fd, request, sizeof(request)) > 0 || errno == EINTR ||
	       errno == ENOENT)
		answer_one(s, (const void *)request);
	_exit(0);
}

pid_t fuseserver_start(const char *at, size_t bytes_max)
{
	struct server s = { .size_max = bytes_max };
	char options[128];
	pid_t pid;

	s.fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	s.data = calloc(1, bytes_max);
	if (s.fd < 0 || !s.data)
		return -errno;
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=100000,user_id=0,group_id=0", s.fd);
	if (mount("fuse", at, "fuse", 0, options))
		return -errno;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(&s);
	}
	close(s.fd);
	free(s.data);
	return pid < 0 ? -errno : pid;
}
