/* SPDX-License-Identifier: GPL-2.0-only */
/* Wait for a state that can be observed, rather than for a fixed time. */
#ifndef POLLING_H
#define POLLING_H

#include <stdbool.h>
#include <time.h>

#include "hugepage.h"

/*
 * 30 s are far more than emulation needs, even on a busy machine with
 * keep-debug, so only a state that is never reached times out.  Controls wait
 * for many of those, so their limit is short.
 */
#define POLL_TRIES		6000
#define POLL_TRIES_CONTROL	80
#define POLL_PAUSE_NS		5000000

static inline int poll_tries(void)
{
	return policy_omitted() ? POLL_TRIES_CONTROL : POLL_TRIES;
}

/* The same limit, for poll(2). */
static inline int poll_limit_ms(void)
{
	return poll_tries() * (POLL_PAUSE_NS / 1000000);
}

static inline void poll_pause(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = POLL_PAUSE_NS }, NULL);
}

/* True as soon as @condition is true; false on timeout. */
#define poll_until(condition) ({					\
	int tries_left_ = poll_tries();					\
	bool met_;							\
									\
	while (!(met_ = (condition)) && tries_left_--)			\
		poll_pause();						\
	met_;								\
})

#endif /* POLLING_H */
