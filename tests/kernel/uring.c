// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int uring_open(struct uring *ring)
{
	*ring = (struct uring){ 0 };
	ring->fd = syscall(SYS_io_uring_setup, 1, &ring->params);
	return ring->fd < 0 ? -errno : 0;
}

int uring_register(const struct uring *ring, void *addr, size_t len)
{
	struct iovec iov = { addr, len };

	return syscall(SYS_io_uring_register, ring->fd,
		       IORING_REGISTER_BUFFERS, &iov, 1) ? -errno : 0;
}

static void *map_ring(const struct uring *ring, off_t what)
{
	return mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring->fd, what);
}

/* One entry at a time: head and tail of both queues move alike. */
static int submit(const struct uring *ring, char *queues,
		  struct io_uring_sqe *entry, const struct io_uring_sqe *want)
{
	const struct io_sqring_offsets *sq = &ring->params.sq_off;
	const struct io_cqring_offsets *cq = &ring->params.cq_off;
	const struct io_uring_cqe *done;
	uint32_t head = *(uint32_t *)(queues + cq->head);

	*entry = *want;
	*(uint32_t *)(queues + sq->array) = 0;
	__atomic_add_fetch((uint32_t *)(queues + sq->tail), 1,
			   __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1,
		    IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	head &= *(uint32_t *)(queues + cq->ring_mask);
	done = (struct io_uring_cqe *)(queues + cq->cqes) + head;
	__atomic_add_fetch((uint32_t *)(queues + cq->head), 1,
			   __ATOMIC_RELEASE);
	return done->res;
}

int uring_submit(const struct uring *ring, const struct io_uring_sqe *want)
{
	char *queues = map_ring(ring, IORING_OFF_SQ_RING);
	void *entries = map_ring(ring, IORING_OFF_SQES);
	int res = -ENOMEM;

	if (queues != MAP_FAILED && entries != MAP_FAILED)
		res = submit(ring, queues, entries, want);
	munmap(queues, getpagesize());
	munmap(entries, getpagesize());
	return res;
}

int uring_move(const struct uring *ring, int opcode, int fd, const void *addr,
	       size_t len)
{
	const struct io_uring_sqe want = {
		.opcode = opcode,
		.fd = fd,
		.addr = (uintptr_t)addr,
		.len = len,
	};
	int moved = uring_submit(ring, &want);

	if (moved < 0)
		return moved;
	return moved == (int)len ? 0 : -EIO;
}
