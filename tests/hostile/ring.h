/* SPDX-License-Identifier: GPL-2.0-only */
/* An io_uring of a few entries, mapped. */
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>
#include <stdbool.h>

struct ring {
	int fd;
	char *queues;
	struct io_uring_sqe *entries;
	struct io_uring_params params;
};

bool ring_open(struct ring *ring, unsigned int flags);

/* Put the queues into the caller's two base pages from @at on (NO_MMAP). */
bool ring_open_at(struct ring *ring, char *at);

/* Put a request into the queue; ring_enter() submits all of them. */
void ring_put(struct ring *ring, const struct io_uring_sqe *entry);
void ring_enter(struct ring *ring);

/* Result of the @n-th request that ended, or -EAGAIN. */
int ring_result(const struct ring *ring, unsigned int n);

void ring_close(struct ring *ring);

#endif /* RING_H */
