// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "pages.h"

#include <errno.h>
#include <sys/mman.h>

#include "hugepage.h"
#include "pageflags.h"

static char *map_at(char *addr, size_t n, int flags)
{
	char *p = mmap(addr, n * BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

char *pages_map(size_t n)
{
	char *p = map_at(NULL, n, 0);

	if (!p || madvise(p, n * BASE_PAGE, MADV_NOHUGEPAGE) ||
	    madvise(p, n * BASE_PAGE, MADV_POPULATE_WRITE))
		return NULL;
	return p;
}

int pages_renew(char *addr)
{
	return map_at(addr, 1, MAP_FIXED | MAP_POPULATE) ? 0 : -errno;
}

bool page_is_isolated(unsigned long pfn)
{
	return (page_flags(pfn) & (PAGE_HWPOISON | PAGE_BUDDY)) ==
	       PAGE_HWPOISON;
}
