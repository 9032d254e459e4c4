/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle.  Each finding is a failure, whatever caused it: a report in the
 * kernel's log, a CPU that does not reschedule, a task that SIGKILL does not
 * end, a lost line that was consumed but not reported.
 */
#ifndef JUDGE_H
#define JUDGE_H

#include <stdbool.h>
#include <sys/types.h>

bool judge_start(void);

/* At any time: what is wrong, or NULL. */
const char *judge_now(void);

/*
 * Kill the process and its PID namespace, if it still runs, and reap it; @status
 * is that of waitpid().
 */
const char *judge_end(int pidfd, pid_t pid, int *status);

/* Has all consumed poison been reported?  Call it after all consumers ended. */
const char *judge_poison(void);

/* Did the lab fail to signal a load of poison?  Then no result counts. */
const char *judge_lab(void);

/* Start anew after a control that made the oracle find something. */
void judge_forget(void);

#endif /* JUDGE_H */
