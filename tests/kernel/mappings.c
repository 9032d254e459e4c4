// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 7 and 10: system calls on a mapping of a kept folio work as on a
 * healthy one, and none of them removes or moves the folio.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/mempolicy.h>
#include <poison.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "filled.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pool.h"
#include "procfile.h"
#include "sigbus.h"

/* glibc does not have these. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define PAGES		(SIZE_2M / BASE_PAGE)
#define NODES		2
#define ALL_NODES	((1UL << NODES) - 1)

FIXTURE(kept)
{
	struct filled f;
	char *map;
	int64_t hits;
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	filled_create(_metadata, &self->f, SIZE_2M);
	self->map = self->f.hp.map;
	self->hits = lab_poison_hits();
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	lab_poison_clear();
}

/* The kernel consumed no poison, and the folio is mapped as before. */
static void expect_undisturbed(struct __test_metadata *_metadata,
			       const struct filled *f, int64_t hits)
{
	EXPECT_EQ(hits, lab_poison_hits());
	filled_expect_intact(_metadata, f, f->hp.map);
}

TEST_F(kept, shrinks)
{
	const size_t size = SIZE_2M;
	char *both;

	ASSERT_EQ(0, ftruncate(self->f.hp.fd, 2 * size));
	both = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    self->f.hp.fd, 0);
	ASSERT_NE(MAP_FAILED, both);
	both[size] = 1;
	EXPECT_EQ(both, mremap(both, 2 * size, size, 0));
	filled_expect_intact(_metadata, &self->f, both);
	EXPECT_EQ(self->hits + RAW_PAGES, lab_poison_hits());
}

/* Calls that would split a huge page are refused and do no harm. */
TEST_F(kept, not_split)
{
	const size_t half = SIZE_2M / 2;

	EXPECT_EQ(-1, munmap(self->map, half));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, mprotect(self->map, half, PROT_READ));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mremap(self->map, SIZE_2M, SIZE_2M + half,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(-1, madvise(self->map + half, half, MADV_DONTNEED));
	EXPECT_EQ(EINVAL, errno);
	expect_undisturbed(_metadata, &self->f, self->hits);
}

TEST_F(kept, protected_and_back)
{
	struct sigbus seen;

	ASSERT_EQ(0, mprotect(self->map, SIZE_2M, PROT_NONE));
	ASSERT_EQ(0, mprotect(self->map, SIZE_2M, PROT_READ));
	expect_undisturbed(_metadata, &self->f, self->hits);
	ASSERT_EQ(0, mprotect(self->map, SIZE_2M, PROT_READ | PROT_WRITE));
	EXPECT_FALSE(sigbus_on_store(self->map + 10 * BASE_PAGE, &seen));
	EXPECT_EQ(1, self->map[10 * BASE_PAGE]);
}

/* mlock() faults in by get_user_pages(), without taking pages (rule 9). */
TEST_F(kept, locked)
{
	ASSERT_EQ(0, madvise(self->map, SIZE_2M, MADV_DONTNEED));
	EXPECT_EQ(0, mlock(self->map, SIZE_2M));
	EXPECT_EQ(0, munlock(self->map, SIZE_2M));
	EXPECT_EQ(0, mlock2(self->map, SIZE_2M, MLOCK_ONFAULT));
	EXPECT_EQ(0, mlockall(MCL_CURRENT));
	EXPECT_EQ(0, munlockall());
	expect_undisturbed(_metadata, &self->f, self->hits);
}

/* A mapping is populated as if the folio were healthy. */
static void populates(struct __test_metadata *_metadata,
		      const struct filled *f, int advice, int64_t hits)
{
	unsigned char present[PAGES];
	size_t i;

	ASSERT_EQ(0, madvise(f->hp.map, SIZE_2M, MADV_DONTNEED));
	EXPECT_EQ(0, madvise(f->hp.map, SIZE_2M, advice));
	EXPECT_EQ(0, madvise(f->hp.map + f->raw[0], BASE_PAGE, advice));
	ASSERT_EQ(0, mincore(f->hp.map, SIZE_2M, present));
	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(1, present[i]);
	expect_undisturbed(_metadata, f, hits);
}

TEST_F(kept, populated_for_reading)
{
	populates(_metadata, &self->f, MADV_POPULATE_READ, self->hits);
}

TEST_F(kept, populated_for_writing)
{
	populates(_metadata, &self->f, MADV_POPULATE_WRITE, self->hits);
}

TEST_F(kept, mapped_populated)
{
	char *twin = mmap(NULL, SIZE_2M, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, self->f.hp.fd, 0);

	ASSERT_NE(MAP_FAILED, twin);
	EXPECT_EQ(self->f.hp.pa / BASE_PAGE, pagemap_pfn(twin));
	EXPECT_EQ(self->hits, lab_poison_hits());
	filled_expect_intact(_metadata, &self->f, twin);
}

/* Advice that hugetlb does not support is refused or has no effect. */
TEST_F(kept, advice_for_others)
{
	static const int refused[] = {
		MADV_FREE, MADV_COLD, MADV_PAGEOUT, MADV_COLLAPSE,
		MADV_WIPEONFORK,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		EXPECT_EQ(-1, madvise(self->map, SIZE_2M, refused[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	EXPECT_EQ(0, madvise(self->map, SIZE_2M, MADV_MERGEABLE));
	EXPECT_EQ(0, madvise(self->map, SIZE_2M, MADV_WILLNEED));
	EXPECT_EQ(0, madvise(self->map, SIZE_2M, MADV_UNMERGEABLE));
	expect_undisturbed(_metadata, &self->f, self->hits);
}

static int child_has(const char *map)
{
	unsigned char present;
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(mincore((void *)map, BASE_PAGE, &present) == 0);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

TEST_F(kept, not_forked)
{
	EXPECT_EQ(1, child_has(self->map));
	ASSERT_EQ(0, madvise(self->map, SIZE_2M, MADV_DONTFORK));
	EXPECT_EQ(0, child_has(self->map));
	expect_undisturbed(_metadata, &self->f, self->hits);
}

/* How many bytes from @map on PAGEMAP_SCAN finds present, or -errno. */
static long scan_present(const char *map)
{
	struct page_region found = { 0 };
	struct pm_scan_arg arg = {
		.size = sizeof(arg),
		.start = (uintptr_t)map,
		.end = (uintptr_t)map + SIZE_2M,
		.vec = (uintptr_t)&found,
		.vec_len = 1,
		.category_mask = PAGE_IS_PRESENT,
		.return_mask = PAGE_IS_PRESENT,
	};
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	long n = ioctl(fd, PAGEMAP_SCAN, &arg) < 0 ? -errno : 0;

	close(fd);
	return n ? n : (long)(found.end - found.start);
}

/* Raw pages are shown too, as they are mapped. */
TEST_F(kept, seen_by_pagemap)
{
	const unsigned long pfn = self->f.hp.pa / BASE_PAGE;
	size_t i;

	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(pfn + i, pagemap_pfn(self->map + i * BASE_PAGE));
	EXPECT_EQ((long)SIZE_2M, scan_present(self->map));
	expect_undisturbed(_metadata, &self->f, self->hits);
}

/*
 * Page flags do not show raw pages before the release, as HVO may have freed
 * the tail struct pages; only fdinfo shows them.
 */
TEST_F(kept, seen_by_page_flags)
{
	uint64_t flags[PAGES], counts[PAGES];
	const unsigned long pfn = self->f.hp.pa / BASE_PAGE;
	int fd = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	size_t i;

	ASSERT_EQ(0, page_flags_read(pfn, PAGES, flags));
	EXPECT_EQ(sizeof(counts), pread(fd, counts, sizeof(counts),
					pfn * sizeof(*counts)));
	for (i = 0; i < PAGES; i++) {
		ASSERT_EQ(PAGE_HUGE, flags[i] & (PAGE_HUGE | PAGE_HWPOISON));
		ASSERT_EQ(1, counts[i]);
	}
	expect_undisturbed(_metadata, &self->f, self->hits);
}

/* Entries begin with an address, and all other lines with a capital letter. */
static char *next_entry(char *at)
{
	while ((at = strchr(at, '\n')))
		if (isdigit(*++at) || islower(*at))
			return at;
	return NULL;
}

/* True if the entry of the mapping at @map in @file contains @what. */
static bool maps_say(const char *file, const char *map, const char *what)
{
	static char text[1 << 16];
	char start[32], *at, *end;

	snprintf(start, sizeof(start), "%lx", (unsigned long)map);
	if (procfile_read(file, text, sizeof(text)) < 0)
		return false;
	for (at = text; at && strncmp(at, start, strlen(start));)
		at = next_entry(at);
	if (!at)
		return false;
	end = next_entry(at);
	if (end)
		*end = '\0';
	return strstr(at, what);
}

TEST_F(kept, seen_by_smaps)
{
	filled_expect_intact(_metadata, &self->f, self->map);
	EXPECT_TRUE(maps_say("/proc/self/smaps", self->map,
			     "KernelPageSize:     2048 kB"));
	EXPECT_EQ(SIZE_2M >> 10,
		  procfile_value("/proc/self/smaps_rollup", "Shared_Hugetlb:") +
		  procfile_value("/proc/self/smaps_rollup",
				 "Private_Hugetlb:"));
	EXPECT_TRUE(maps_say("/proc/self/numa_maps", self->map,
			     "kernelpagesize_kB=2048"));
	EXPECT_EQ(self->hits + RAW_PAGES, lab_poison_hits());
}

/* Rule 10: mbind() to either node, with the flag to move, moves nothing. */
TEST_F(kept, bound_by_mbind)
{
	unsigned long node;
	int failed = 0;

	for (node = 1; node <= ALL_NODES; node <<= 1) {
		EXPECT_EQ(0, syscall(SYS_mbind, self->map, SIZE_2M, MPOL_BIND,
				     &node, NODES + 1, MPOL_MF_MOVE_ALL));
		if (syscall(SYS_mbind, self->map, SIZE_2M, MPOL_BIND, &node,
			    NODES + 1, MPOL_MF_MOVE_ALL | MPOL_MF_STRICT)) {
			EXPECT_EQ(EIO, errno);
			failed++;
		}
		expect_undisturbed(_metadata, &self->f, self->hits);
		self->hits = lab_poison_hits();
	}
	EXPECT_LE(1, failed);
}

/* Rule 10: nor does migrate_pages() from each node to the other. */
TEST_F(kept, left_by_migrate_pages)
{
	const unsigned long one = 1, other = 2;

	EXPECT_LE(0, syscall(SYS_migrate_pages, 0, NODES + 1, &one, &other));
	EXPECT_LE(0, syscall(SYS_migrate_pages, 0, NODES + 1, &other, &one));
	expect_undisturbed(_metadata, &self->f, self->hits);
}

/* Rule 7: a memory policy affects new memory; a fault maps this folio. */
TEST_F(kept, faulted_under_mempolicy)
{
	unsigned long node;

	for (node = 1; node <= ALL_NODES; node <<= 1) {
		ASSERT_EQ(0, syscall(SYS_set_mempolicy, MPOL_BIND, &node,
				     NODES + 1));
		ASSERT_EQ(0, madvise(self->map, SIZE_2M, MADV_DONTNEED));
		expect_undisturbed(_metadata, &self->f, self->hits);
		self->hits = lab_poison_hits();
	}
	syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
}

TEST_HARNESS_MAIN
