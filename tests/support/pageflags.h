/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's flags of page frames, and which frame an address maps. */
#ifndef PAGEFLAGS_H
#define PAGEFLAGS_H

#include <stddef.h>
#include <stdint.h>

/* Bits of /proc/kpageflags: Documentation/admin-guide/mm/pagemap.rst. */
#define PAGE_SLAB	(1ULL << 7)
#define PAGE_WRITEBACK	(1ULL << 8)
#define PAGE_BUDDY	(1ULL << 10)
#define PAGE_COMPOUND_HEAD	(1ULL << 15)
#define PAGE_HUGE	(1ULL << 17)
#define PAGE_HWPOISON	(1ULL << 19)
#define PAGE_NONE	(1ULL << 20)
#define PAGE_THP	(1ULL << 22)
#define PAGE_OFFLINE	(1ULL << 23)
#define PAGE_RESERVED	(1ULL << 32)

/* Page frame mapped at an address of the caller; 0 if there is none. */
unsigned long pagemap_pfn(const void *addr);

/* The same for @n pages from @addr on, with a single read; 0 or -errno. */
int pagemap_pfns(const void *addr, size_t n, uint64_t *pfns);

/* Flags of @n page frames from @pfn on; 0 or -errno. */
int page_flags_read(unsigned long pfn, size_t n, uint64_t *flags);

/* Flags of one page frame; no bit is set if they cannot be read. */
uint64_t page_flags(unsigned long pfn);

#endif /* PAGEFLAGS_H */
