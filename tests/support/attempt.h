/* SPDX-License-Identifier: GPL-2.0-only */
/* Run a call that may never return, in a process of its own. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#define ATTEMPT_KILLED		(-1000000L)	/* by a signal */
#define ATTEMPT_HANGS		(-1000001L)	/* ended by SIGKILL within 1 s */
#define ATTEMPT_UNKILLABLE	(-1000002L)	/* still there after that */

/*
 * Run @what(@arg) in a child; returns its result, or one of the above values.
 * The child shares files and shared mappings.
 */
long attempt(long (*what)(void *arg), void *arg);

#endif /* ATTEMPT_H */
