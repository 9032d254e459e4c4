/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle.  What it finds is a failure, whoever did what: a report in the
 * kernel's log, a CPU that does not reschedule, a task that SIGKILL does not
 * end, a lost line that was met and that nobody told of.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <sys/types.h>

bool judge_start(void);

/* At any time: what is wrong, or NULL. */
const char *judge_now(void);

/* Kill the process (and its PID namespace) unless it has ended. */
const char *judge_end(int pidfd, pid_t pid);

/* After all that could meet poison has ended: was all of it told? */
const char *judge_poison(void);

/* Poison that the lab could not raise as a machine check: nothing counts then. */
const char *judge_lab(void);

/* A control has made it find something: start anew. */
void judge_forget(void);

#endif /* JUDGE_H */
