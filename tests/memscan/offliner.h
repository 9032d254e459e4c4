/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes a block of memory offline as an operator would: it retries while the
 * kernel returns EBUSY.
 */
#ifndef OFFLINER_H
#define OFFLINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct offliner {
	pid_t pid;
	volatile int *busy;	/* how often it was EBUSY */
};

/*
 * Start it for the block with @pa.  It blocks all signals but SIGKILL, because
 * any signal would end the kernel's attempt.  0 or -errno.
 */
int offliner_start(struct offliner *offliner, uint64_t pa);

bool offliner_has_ended(struct offliner *offliner);

/*
 * Interrupt it if it has not ended.  Call this exactly once.  0, the kernel's
 * -errno, or -EINTR if it was interrupted.
 */
int offliner_end(struct offliner *offliner);

#endif /* OFFLINER_H */
