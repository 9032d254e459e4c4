/* SPDX-License-Identifier: GPL-2.0-only */
/* Anonymous base pages, and the state of page frames. */
#ifndef PAGES_H
#define PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* @n new pages of the caller, none of them part of a huge page; or NULL. */
char *pages_map(size_t n);

/* Replace the page at @addr with a new one; 0 or -errno. */
int pages_renew(char *addr);

/* True if the page is marked as poisoned and not in the buddy allocator. */
bool page_is_isolated(unsigned long pfn);

#endif /* PAGES_H */
