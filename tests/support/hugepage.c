// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "hugepage.h"

#include <errno.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pageflags.h"

bool policy_omitted(void)
{
	return getenv("MFR_CONTROL");
}

static int memfd(size_t size, unsigned int flags)
{
	unsigned int shift = __builtin_ctzl(size);
	int fd;

	fd = memfd_create("mfr-test", MFD_CLOEXEC | MFD_HUGETLB |
			  (shift << MFD_HUGE_SHIFT) | flags);
	return fd < 0 ? -errno : fd;
}

static unsigned int policy(void)
{
	return policy_omitted() ? 0 : MFD_MF_KEEP_UE_MAPPED;
}

int hugepage_memfd(size_t size)
{
	return memfd(size, policy());
}

char *hugepage_map(const struct hugepage *hp)
{
	char *map = mmap(NULL, hp->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 hp->fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

static int populate(struct hugepage *hp, int fd, size_t size)
{
	if (fd < 0)
		return fd;
	*hp = (struct hugepage){ .size = size, .fd = fd };
	if (ftruncate(fd, size))
		return -errno;
	hp->map = hugepage_map(hp);
	if (!hp->map)
		return -errno;
	*(volatile char *)hp->map = 1;
	hp->pa = pagemap_pfn(hp->map) * BASE_PAGE;
	return hp->pa ? 0 : -EFAULT;
}

int hugepage_create(struct hugepage *hp, size_t size)
{
	return populate(hp, memfd(size, policy() | MFD_ALLOW_SEALING), size);
}

int hugepage_create_plain(struct hugepage *hp, size_t size)
{
	return populate(hp, memfd(size, 0), size);
}

void hugepage_close(struct hugepage *hp)
{
	munmap(hp->map, hp->size);
	close(hp->fd);
}
