/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Some calls, made by processes of a user without rights in a PID namespace of
 * their own: whatever dies takes one call with it, and the next goes on.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdint.h>

#define BATCH_CALLS	250

/*
 * Calls from @first up to, without, @end, which is in the same batch; what
 * went wrong, or NULL.
 */
const char *batch_run(uint64_t seed, uint64_t first, uint64_t end);

/* Attackers that had to be killed as they did not get on. */
unsigned long batch_kills(void);

#endif /* BATCH_H */
