/* SPDX-License-Identifier: GPL-2.0-only */
/* io_uring: one request at a time, or many per system call. */
#ifndef URING_H
#define URING_H

#include <linux/io_uring.h>
#include <stddef.h>

/* Usable in every process that has the descriptor. */
struct uring {
	int fd;
	struct io_uring_params params;
};

/* These return 0 or -errno; close() of the descriptor frees everything. */
int uring_open(struct uring *ring);
int uring_open_many(struct uring *ring, unsigned int entries);
int uring_register(const struct uring *ring, void *addr, size_t len);

/* The request's result, or -errno if it could not be submitted. */
int uring_submit(const struct uring *ring, const struct io_uring_sqe *want);

/*
 * @n requests in one system call, on a ring that was opened for that many and
 * has no other user; @res gets the result of each.  0 or -errno.
 */
int uring_submit_many(const struct uring *ring, const struct io_uring_sqe *want,
		      unsigned int n, int *res);

/*
 * @opcode is IORING_OP_READ_FIXED or IORING_OP_WRITE_FIXED: move @len bytes
 * between the file and @addr, a registered address, which need not be mapped
 * any more.  A partial transfer is an error.
 */
int uring_move(const struct uring *ring, int opcode, int fd, const void *addr,
	       size_t len);

#endif /* URING_H */
