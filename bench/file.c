// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "file.h"

#include <linux/memfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hugepage.h"
#include "need.h"
#include "pool.h"

struct file file_create(size_t page, size_t pages, bool policy)
{
	unsigned int flags = MFD_HUGETLB |
			     __builtin_ctzl(page) << MFD_HUGE_SHIFT;
	struct file f = { .page = page, .pages = pages };

	need(!pool_want(page, pages), "get huge pages");
	f.fd = memfd_create("bench", flags |
			    (policy ? MFD_MF_KEEP_UE_MAPPED : 0));
	need(f.fd >= 0, "create a file");
	need(!ftruncate(f.fd, page * pages), "give the file its size");
	f.map = mmap(NULL, page * pages, PROT_READ | PROT_WRITE, MAP_SHARED,
		     f.fd, 0);
	need(f.map != MAP_FAILED, "map the file");
	return f;
}

void file_close(struct file *f)
{
	munmap(f->map, f->page * f->pages);
	close(f->fd);
}
