// SPDX-License-Identifier: GPL-2.0-only
/* io_uring: requests with lost buffers, pinned before or after the loss. */
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "descriptors.h"
#include "hugepage.h"
#include "places.h"
#include "ring.h"
#include "scenes.h"
#include "user.h"

static struct io_uring_sqe some_request(struct rng *rng)
{
	struct io_uring_sqe entry = { 0 };

	entry.opcode = rng_below(rng, 58);
	entry.flags = rng_percent(rng, 40) ? IOSQE_ASYNC : 0;
	entry.fd = descriptors_any(rng);
	entry.off = rng_percent(rng, 50) ? 0 : (uintptr_t)place_words(rng);
	entry.addr = (uintptr_t)(rng_percent(rng, 60) ? place_raw(rng, 64, true)
						      : place_words(rng));
	entry.len = rng_below(rng, 128);
	entry.rw_flags = rng_percent(rng, 80) ? 0 : rng_below(rng, 64);
	return entry;
}

static void some_requests(struct rng *rng, unsigned int flags)
{
	struct io_uring_sqe entry;
	struct ring ring;
	int i;

	if (!ring_open(&ring, flags))
		return;
	for (i = 0; i < 4; i++) {
		entry = some_request(rng);
		ring_put(&ring, &entry);
	}
	ring_enter(&ring);
	ring_close(&ring);
}

void scene_uring(struct rng *rng)
{
	some_requests(rng, 0);
}

void scene_sqpoll(struct rng *rng)
{
	some_requests(rng, IORING_SETUP_SQPOLL);
}

static void consume(const char *addr)
{
	user_try((void)*(volatile const char *)addr);
}

/* Register a buffer, consume its poison or not, then use the buffer. */
void scene_fixed(struct rng *rng)
{
	char *line = place_line(rng, true);
	struct iovec iov = { (void *)((uintptr_t)line & -BASE_PAGE), BASE_PAGE };
	struct io_uring_sqe entry = {
		.opcode = rng_percent(rng, 50) ? IORING_OP_READ_FIXED
					       : IORING_OP_WRITE_FIXED,
		.fd = descriptor(rng_percent(rng, 50) ? FD_SHMEM : FD_PIPE_IN),
		.flags = rng_percent(rng, 50) ? IOSQE_ASYNC : 0,
		.addr = (uintptr_t)iov.iov_base, .len = BASE_PAGE,
	};
	struct ring ring;

	if (!ring_open(&ring, 0))
		return;
	if (!syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS,
		     &iov, 1)) {
		if (rng_percent(rng, 70))
			consume(line);
		ring_put(&ring, &entry);
		ring_enter(&ring);
	}
	ring_close(&ring);
}

/*
 * The queues themselves, in memory with a lost line.  What the kernel loads
 * from them is healthy: it uses plain loads, and new poison would panic the
 * machine, with or without the policy (docs/kernel.md).
 */
static void use_ring_at(void *page)
{
	const struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };
	struct ring ring;

	if (!ring_open_at(&ring, page))
		return;
	ring_put(&ring, &nop);
	ring_enter(&ring);
	consume((char *)page + BASE_PAGE - 64);
	ring_put(&ring, &nop);
	ring_enter(&ring);
	ring_close(&ring);
}

void scene_ring(struct rng *rng)
{
	char *page = place_late_page(rng);

	if (rng_percent(rng, 30))
		page -= BASE_PAGE;
	user_child(use_ring_at, page);
}

/* The kernel chooses buffers from the user's ring, which it loads likewise. */
void scene_pbuf(struct rng *rng)
{
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_READ, .fd = descriptor(FD_ZERO),
		.flags = IOSQE_BUFFER_SELECT, .len = 64,
	};
	uint64_t words[5] = { (uintptr_t)place_late_page(rng), 4 };
	struct ring ring;

	if (!ring_open(&ring, 0))
		return;
	if (!syscall(SYS_io_uring_register, ring.fd, 22, words, 1)) {
		if (rng_percent(rng, 50))
			consume(place_line(rng, true));
		ring_put(&ring, &entry);
		ring_enter(&ring);
	}
	ring_close(&ring);
}

struct pair {
	char *known, *new;
};

static void write_both(void *arg)
{
	const struct pair *lines = arg;
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_WRITE, .fd = descriptor(FD_PIPE_IN),
		.addr = (uintptr_t)lines->known, .len = 64,
	};
	struct ring ring;

	if (!ring_open(&ring, 0))
		return;
	ring_put(&ring, &entry);
	entry.fd = descriptor(FD_SHMEM);
	entry.addr = (uintptr_t)lines->new;
	entry.flags = IOSQE_ASYNC;
	ring_put(&ring, &entry);
	ring_enter(&ring);
	ring_close(&ring);
}

/*
 * The caller consumes known poison; a worker, started by the same call, then
 * consumes new poison.  In a child, because a process keeps its workers.
 */
void scene_inherit(struct rng *rng)
{
	struct pair lines = { place_line(rng, false), place_line(rng, true) };

	user_child(write_both, &lines);
}
