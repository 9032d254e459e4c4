/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slow the kernel down at one place, to widen the race window that follows it:
 * several probes there record a stack trace each.
 */
#ifndef SLOW_H
#define SLOW_H

/* Put @probes probes at the return from @function; 0 or -errno. */
int slow_return(const char *function, int probes);
void slow_end(void);

#endif /* SLOW_H */
