/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's gup_test (debugfs): its ways to get pages, and to keep them. */
#ifndef GUPTEST_H
#define GUPTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "mm/gup_test.h"

/* A descriptor, or -errno.  There can be one long-term pin at a time. */
int guptest_open(void);

/* Pin @len bytes at @addr for long, in the way of @flags; 0 or -errno. */
int guptest_pin(int fd, const void *addr, size_t len, unsigned int flags);
int guptest_unpin(int fd);

/* Copy all that is pinned; 0 or -errno. */
int guptest_read(int fd, void *data);

/*
 * Get up to @pages base pages from @addr on and put them back, by @cmd, such
 * as PIN_FAST_BENCHMARK: one at a time up to the first that is refused, and
 * how many that were, or -errno.
 */
long guptest_count(unsigned long cmd, const void *addr, size_t pages);

/*
 * Get @pages in one call of pin_user_pages(), @pin, or get_user_pages(), and
 * let the kernel log the @which-th, from 1 on, of those it got; or, if these
 * are fewer, that it is out of range.  0 or -errno.
 */
int guptest_dump(const void *addr, size_t pages, size_t which, bool pin);

#endif /* GUPTEST_H */
