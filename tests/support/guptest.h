/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's gup_test (debugfs): get pages in several ways, or pin them. */
#ifndef GUPTEST_H
#define GUPTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "mm/gup_test.h"

/* A descriptor, or -errno.  There can be one long-term pin at a time. */
int guptest_open(void);

/* Pin @len bytes at @addr long-term; @flags are gup_test's.  0 or -errno. */
int guptest_pin(int fd, const void *addr, size_t len, unsigned int flags);
int guptest_unpin(int fd);

/* Copy all pinned bytes to @data; 0 or -errno. */
int guptest_read(int fd, void *data);

/*
 * Get up to @pages base pages from @addr on with @cmd (such as
 * PIN_FAST_BENCHMARK), one at a time up to the first that is refused, and put
 * them back.  Returns how many were got, or -errno.
 */
long guptest_count(unsigned long cmd, const void *addr, size_t pages);

/*
 * Get @pages in one call of pin_user_pages() (@pin) or get_user_pages(), and
 * have the kernel log the @which-th page (from 1 on) that it got, or that
 * @which is out of range.  0 or -errno.
 */
int guptest_dump(const void *addr, size_t pages, size_t which, bool pin);

#endif /* GUPTEST_H */
