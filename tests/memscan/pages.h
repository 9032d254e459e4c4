/* SPDX-License-Identifier: GPL-2.0-only */
/* Anonymous base pages, and what became of page frames. */
#ifndef PAGES_H
#define PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* @n new pages of the caller, none of them part of a huge page; or NULL. */
char *pages_map(size_t n);

/* A new page in the place of what is at @addr; 0 or -errno. */
int pages_renew(char *addr);

/* Known as poisoned, and not in the allocator's hands. */
bool page_is_isolated(unsigned long pfn);

#endif /* PAGES_H */
