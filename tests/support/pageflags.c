// SPDX-License-Identifier: GPL-2.0-only
#include "pageflags.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define PAGEMAP_PRESENT		(1ULL << 63)
#define PAGEMAP_PFN_MASK	((1ULL << 55) - 1)
#define BASE_PAGE_SHIFT		12

static int read_words(const char *path, unsigned long first, size_t n,
		      uint64_t *words)
{
	ssize_t want = n * sizeof(*words), got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = pread(fd, words, want, first * sizeof(*words));
	close(fd);
	if (got < 0)
		return -errno;
	return got == want ? 0 : -ENODATA;
}

int pagemap_pfns(const void *addr, size_t n, uint64_t *pfns)
{
	int err = read_words("/proc/self/pagemap",
			     (uintptr_t)addr >> BASE_PAGE_SHIFT, n, pfns);
	size_t i;

	for (i = 0; i < n && !err; i++)
		pfns[i] = pfns[i] & PAGEMAP_PRESENT ?
			  pfns[i] & PAGEMAP_PFN_MASK : 0;
	return err;
}

unsigned long pagemap_pfn(const void *addr)
{
	uint64_t pfn;

	return pagemap_pfns(addr, 1, &pfn) ? 0 : pfn;
}

int page_flags_read(unsigned long pfn, size_t n, uint64_t *flags)
{
	return read_words("/proc/kpageflags", pfn, n, flags);
}

uint64_t page_flags(unsigned long pfn)
{
	uint64_t flags;

	return page_flags_read(pfn, 1, &flags) ? 0 : flags;
}
