/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A batch of calls, made by unprivileged processes in their own PID namespace.
 * A process that dies costs one call; the next process continues after it.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdint.h>

#define BATCH_CALLS	250

/*
 * Make the calls [@first, @end), which are in one batch.  Returns what went
 * wrong, or NULL.
 */
const char *batch_run(uint64_t seed, uint64_t first, uint64_t end);

/* The number of attackers that were killed because they were stuck. */
unsigned long batch_kills(void);

#endif /* BATCH_H */
