// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "uring.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

int uring_open_many(struct uring *ring, unsigned int entries)
{
	*ring = (struct uring){ 0 };
	ring->fd = syscall(SYS_io_uring_setup, entries, &ring->params);
	return ring->fd < 0 ? -errno : 0;
}

int uring_open(struct uring *ring)
{
	return uring_open_many(ring, 1);
}

int uring_register(const struct uring *ring, void *addr, size_t len)
{
	struct iovec iov = { addr, len };

	return syscall(SYS_io_uring_register, ring->fd,
		       IORING_REGISTER_BUFFERS, &iov, 1) ? -errno : 0;
}

static void *map_ring(const struct uring *ring, off_t what, size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring->fd, what);
}

/* One entry at a time: heads and tails of both queues advance together. */
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
	char *queues = map_ring(ring, IORING_OFF_SQ_RING, getpagesize());
	void *entries = map_ring(ring, IORING_OFF_SQES, getpagesize());
	int res = -ENOMEM;

	if (queues != MAP_FAILED && entries != MAP_FAILED)
		res = submit(ring, queues, entries, want);
	munmap(queues, getpagesize());
	munmap(entries, getpagesize());
	return res;
}

/* Both queues share one mapping; the submission array is at its end. */
static size_t queues_bytes(const struct uring *ring)
{
	const struct io_uring_params *p = &ring->params;

	return p->sq_off.array + p->sq_entries * sizeof(uint32_t);
}

static void queue_all(const struct uring *ring, char *queues,
		      struct io_uring_sqe *entries,
		      const struct io_uring_sqe *want, unsigned int n)
{
	const struct io_sqring_offsets *sq = &ring->params.sq_off;
	uint32_t *array = (uint32_t *)(queues + sq->array);
	uint32_t mask = *(uint32_t *)(queues + sq->ring_mask);
	uint32_t *tail = (uint32_t *)(queues + sq->tail);
	unsigned int i, at;

	for (i = 0; i < n; i++) {
		at = (*tail + i) & mask;
		entries[at] = want[i];
		entries[at].user_data = i;
		array[at] = at;
	}
	__atomic_add_fetch(tail, n, __ATOMIC_RELEASE);
}

static void take_all(const struct uring *ring, char *queues, unsigned int n,
		     int *res)
{
	const struct io_cqring_offsets *cq = &ring->params.cq_off;
	const struct io_uring_cqe *done = (void *)(queues + cq->cqes);
	uint32_t mask = *(uint32_t *)(queues + cq->ring_mask);
	uint32_t *head = (uint32_t *)(queues + cq->head);
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct io_uring_cqe *one = done + ((*head + i) & mask);

		res[one->user_data] = one->res;
	}
	__atomic_add_fetch(head, n, __ATOMIC_RELEASE);
}

int uring_submit_many(const struct uring *ring, const struct io_uring_sqe *want,
		      unsigned int n, int *res)
{
	size_t entries_bytes = ring->params.sq_entries * sizeof(*want);
	size_t bytes = queues_bytes(ring);
	char *queues = map_ring(ring, IORING_OFF_SQ_RING, bytes);
	void *entries = map_ring(ring, IORING_OFF_SQES, entries_bytes);
	int err = -ENOMEM;

	if (queues != MAP_FAILED && entries != MAP_FAILED) {
		queue_all(ring, queues, entries, want, n);
		err = syscall(SYS_io_uring_enter, ring->fd, n, n,
			      IORING_ENTER_GETEVENTS, NULL, 0) == (long)n ?
			      0 : -EIO;
		if (!err)
			take_all(ring, queues, n, res);
	}
	munmap(queues, bytes);
	munmap(entries, entries_bytes);
	return err;
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
