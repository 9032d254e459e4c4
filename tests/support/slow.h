/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Make the kernel slow at one place, to widen what is between that place and
 * the next: some probes that record a stack trace each.
 */
#ifndef SLOW_H
#define SLOW_H

/* At the return from @function; 0 or -errno. */
int slow_return(const char *function, int probes);
void slow_end(void);

#endif /* SLOW_H */
