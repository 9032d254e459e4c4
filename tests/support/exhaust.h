/* SPDX-License-Identifier: GPL-2.0-only */
/* Allocate all memory, to see which pages the allocator hands out. */
#ifndef EXHAUST_H
#define EXHAUST_H

/*
 * Turn all free memory but @spare_kb into 2 MiB pages.  @nr is how many there
 * are now; returns how many there are afterwards, or -errno.
 */
long exhaust_by_huge_pages(long nr, long spare_kb);

/*
 * Populate memory in a child until the OOM killer kills it; returns the
 * child's wait status.
 */
int exhaust_by_base_pages(void);

#endif /* EXHAUST_H */
