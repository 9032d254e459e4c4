// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENTRIES			4
#define RING_BYTES		4096
#ifndef IORING_SETUP_NO_MMAP
#define IORING_SETUP_NO_MMAP	(1U << 14)
#endif

static void *map(const struct ring *ring, off_t what)
{
	return mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_POPULATE, ring->fd, what);
}

static bool setup(struct ring *ring, unsigned int flags)
{
	ring->params.flags |= flags;
	ring->params.sq_thread_idle = 5;
	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &ring->params);
	return ring->fd >= 0;
}

bool ring_open(struct ring *ring, unsigned int flags)
{
	*ring = (struct ring){ 0 };
	if (!setup(ring, flags))
		return false;
	ring->queues = map(ring, IORING_OFF_SQ_RING);
	ring->entries = map(ring, IORING_OFF_SQES);
	if (ring->queues != MAP_FAILED && (void *)ring->entries != MAP_FAILED)
		return true;
	close(ring->fd);
	return false;
}

/* user_addr is the last word of sq_off and of cq_off. */
bool ring_open_at(struct ring *ring, char *at)
{
	uint64_t entries = (uintptr_t)at + RING_BYTES, queues = (uintptr_t)at;
	struct io_uring_params *p = &ring->params;

	*ring = (struct ring){ .queues = at, .entries = (void *)entries };
	memcpy((char *)(&p->sq_off + 1) - 8, &entries, 8);
	memcpy((char *)(&p->cq_off + 1) - 8, &queues, 8);
	return setup(ring, IORING_SETUP_NO_MMAP);
}

/* Loads only the tail from the queues; all offsets are in @ring->params. */
void ring_put(struct ring *ring, const struct io_uring_sqe *entry)
{
	const struct io_sqring_offsets *sq = &ring->params.sq_off;
	uint32_t *tail = (uint32_t *)(ring->queues + sq->tail);
	uint32_t at = __atomic_load_n(tail, __ATOMIC_RELAXED);
	uint32_t slot = at % ENTRIES;

	ring->entries[slot] = *entry;
	((uint32_t *)(ring->queues + sq->array))[slot] = slot;
	__atomic_store_n(tail, at + 1, __ATOMIC_RELEASE);
}

void ring_enter(struct ring *ring)
{
	unsigned int flags = IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP;

	syscall(SYS_io_uring_enter, ring->fd, ENTRIES, 1, flags, NULL, 0);
}

int ring_result(const struct ring *ring, unsigned int n)
{
	const struct io_cqring_offsets *cq = &ring->params.cq_off;
	const struct io_uring_cqe *done = (void *)(ring->queues + cq->cqes);

	if (*(volatile uint32_t *)(ring->queues + cq->tail) <= n)
		return -EAGAIN;
	return done[n].res;
}

void ring_close(struct ring *ring)
{
	close(ring->fd);
	if (ring->params.flags & IORING_SETUP_NO_MMAP)
		return;
	munmap(ring->queues, RING_BYTES);
	munmap(ring->entries, RING_BYTES);
}
