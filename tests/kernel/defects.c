// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reproducers of defects of stock that keep cannot tolerate, so the series
 * fixes them first: kernel reports from HVO with DEBUG_VM, in the code that
 * rule 13 needs; a deadlock; a byte count that read(2) lost; poison that was
 * freed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"

/* Some of these defects have gone since. */
static bool is_linux_6(void)
{
	struct utsname name;

	return !uname(&name) && !strncmp(name.release, "6.", 2);
}

#define OPTIMIZE	"/proc/sys/vm/hugetlb_optimize_vmemmap"
#define PAGES		4

FIXTURE(vmemmap)
{
	long optimize;
	struct pool before;
};

FIXTURE_SETUP(vmemmap)
{
	self->optimize = procfile_number(OPTIMIZE);
	ASSERT_LE(0, self->optimize);
	ASSERT_EQ(0, pool_read(SIZE_2M, &self->before));
	if (is_linux_6())
		CONTROL_READY();
	else
		CONTROL_SAME();
}

FIXTURE_TEARDOWN(vmemmap)
{
	pool_set(SIZE_2M, self->before.nr);
	procfile_write(OPTIMIZE, "%ld", self->optimize);
}

/*
 * "Bad page state ... corrupted mapping in tail page": restored tail struct
 * pages are copies of struct pages in use.
 */
TEST_F(vmemmap, bad_page_state_when_pool_shrinks)
{
	const long nr = self->before.nr;

	ASSERT_EQ(0, procfile_write(OPTIMIZE, "1"));
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(nr + PAGES, pool_set(SIZE_2M, nr + PAGES));
	ASSERT_EQ(nr, pool_set(SIZE_2M, nr));
	EXPECT_EQ(0, kmsg_count("Bad page state"));
}

/* The kernel must have been booted with a gigantic page and with HVO. */
static bool booted_with_gigantic(void)
{
	static char cmdline[4096];

	return procfile_read("/proc/cmdline", cmdline, sizeof(cmdline)) > 0 &&
	       strstr(cmdline, "hugepagesz=1G") &&
	       strstr(cmdline, " hugepages=") &&
	       strstr(cmdline, "hugetlb_free_vmemmap=on");
}

/*
 * "WARNING ... vmemmap_remap_pte": tail struct pages of a gigantic page from
 * the command line are not initialised yet when HVO frees them.
 */
TEST(warning_for_gigantic_page_of_the_boot)
{
	ASSERT_TRUE(booted_with_gigantic());
	if (is_linux_6())
		CONTROL_READY();
	else
		CONTROL_SAME();
	ASSERT_EQ(0, kmsg_start_at_boot());
	ASSERT_EQ(1, kmsg_count("registered 1.00 GiB page size, pre-allocated"));
	ASSERT_EQ(0, kmsg_count("registered 1.00 GiB page size, pre-allocated 0"));
	EXPECT_EQ(0, kmsg_count("vmemmap_remap_pte"));
}

/*
 * Punching a hole into part of a folio locked the file's mappings, then the
 * folio; memory_failure() locks them in the other order.  The first of two
 * pages takes long to zero: during that time an error arrives in the second
 * one, which is zeroed next.
 */
FIXTURE(deadlock)
{
	struct hugepage hp;
	int done[2];
};

FIXTURE_SETUP(deadlock)
{
	ASSERT_EQ(0, pool_want(SIZE_1G, 2));
	ASSERT_EQ(0, pipe(self->done));
}

FIXTURE_TEARDOWN(deadlock)
{
	close(self->done[0]);
}

static char *map_both(int fd)
{
	char *map;

	if (fd < 0 || ftruncate(fd, 2 * SIZE_1G))
		return NULL;
	map = mmap(NULL, 2 * SIZE_1G, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	if (map == MAP_FAILED)
		return NULL;
	memset(map, 1, 3 * BASE_PAGE);
	map[SIZE_1G] = 1;
	return map;
}

static pid_t punch(int fd)
{
	pid_t pid = fork();

	if (!pid)
		_exit(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				BASE_PAGE, SIZE_1G));
	return pid;
}

/* Returns 0 on success; never returns in case of the deadlock. */
static int punch_and_fail(char *map, int fd)
{
	volatile char *zeroed = map + 2 * BASE_PAGE;
	unsigned long pfn = pagemap_pfn(map + SIZE_1G + BASE_PAGE);
	pid_t pid = punch(fd);
	int status = -1;

	while (*zeroed)
		;
	if (error_inject_pfn(pfn))
		return 1;
	waitpid(pid, &status, 0);
	return status;
}

/* Only a child uses the file, as a process that maps it may hang. */
TEST_F_TIMEOUT(deadlock, of_punch_and_error, 60)
{
	struct pollfd end = { .fd = self->done[0], .events = POLLIN };
	const int limit_ms = 10000;
	char state = 0;

	if (!fork()) {
		int fd = hugepage_memfd(SIZE_1G);
		char *map = map_both(fd);

		state = map ? 'r' : 'x';
		write(self->done[1], &state, 1);
		if (!map)
			_exit(1);
		state = punch_and_fail(map, fd) ? 'x' : 'd';
		write(self->done[1], &state, 1);
		_exit(0);
	}
	close(self->done[1]);
	ASSERT_EQ(1, read(self->done[0], &state, 1));
	ASSERT_EQ('r', state);
	CONTROL_READY();
	ASSERT_EQ(1, poll(&end, 1, limit_ms));
	ASSERT_EQ(1, read(self->done[0], &state, 1));
	EXPECT_EQ('d', state);
}

/*
 * A read(2) that reached a folio which begins with poison failed, even if it
 * had already read from the folio before.
 */
FIXTURE(reader)
{
	int fd;
	char *map;
};

FIXTURE_SETUP(reader)
{
	const size_t size = 2 * SIZE_2M;

	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	self->fd = memfd_create("reader", MFD_HUGETLB | MFD_HUGE_2MB);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, size));
	self->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	memset(self->map, 'r', size);
	CONTROL_READY();
}

FIXTURE_TEARDOWN(reader)
{
	munmap(self->map, 2 * SIZE_2M);
	close(self->fd);
}

TEST_F(reader, told_of_what_came_before)
{
	char *data = malloc(2 * SIZE_2M);

	ASSERT_NE(NULL, data);
	ASSERT_EQ(0, error_inject_pfn(pagemap_pfn(self->map + SIZE_2M)));
	EXPECT_EQ(SIZE_2M, read(self->fd, data, 2 * SIZE_2M));
	EXPECT_EQ('r', data[SIZE_2M - 1]);
	EXPECT_EQ(SIZE_2M, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_EQ(-1, read(self->fd, data, 2 * SIZE_2M));
	EXPECT_EQ(EIO, errno);
	free(data);
}

/*
 * A THP with poison that could not be split because of a pin was freed as one
 * block with its poison: to a per-CPU list, from which it is allocated again,
 * or, with DEBUG_VM as here, dropped.
 */
FIXTURE(unsplit)
{
	char *thp;
	unsigned long pfn;
	int pipe[2];
};

/* Map twice the size, to find an aligned huge page in it. */
static char *map_thp(void)
{
	char *thp, *map = mmap(NULL, 2 * SIZE_2M, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	thp = (char *)(((uintptr_t)map + SIZE_2M - 1) & ~(SIZE_2M - 1));
	if (madvise(thp, SIZE_2M, MADV_HUGEPAGE))
		return NULL;
	memset(thp, 1, SIZE_2M);
	return thp;
}

FIXTURE_SETUP(unsplit)
{
	self->thp = map_thp();
	ASSERT_NE(NULL, self->thp);
	self->pfn = pagemap_pfn(self->thp + SIZE_2M / 2);
	ASSERT_NE(0, page_flags(self->pfn) & PAGE_THP);
	ASSERT_EQ(0, pipe(self->pipe));
	CONTROL_READY();
}

FIXTURE_TEARDOWN(unsplit)
{
	error_unpoison_pfn(self->pfn);
}

TEST_F(unsplit, poison_is_not_freed)
{
	struct iovec pinned = { self->thp, BASE_PAGE };

	ASSERT_EQ(BASE_PAGE, vmsplice(self->pipe[1], &pinned, 1, 0));
	error_inject_pfn(self->pfn);	/* fails: it cannot be split */
	ASSERT_NE(0, page_flags(self->pfn) & PAGE_HWPOISON);
	ASSERT_EQ(0, munmap(self->thp, SIZE_2M));
	close(self->pipe[0]);
	close(self->pipe[1]);
	EXPECT_EQ(0, page_flags(self->pfn) & PAGE_BUDDY);
	EXPECT_NE(0, page_flags(self->pfn) & PAGE_HWPOISON);
	EXPECT_NE(0, page_flags(self->pfn + 1) & PAGE_BUDDY);
}

/*
 * Tail struct pages that are shared have a count, or in Linux 6.12 are copies of
 * struct pages in use, as above: the page allocator does not take them, nor the
 * rest.  Of its reports, the log has no more than the first 60 of a minute.
 */
FIXTURE(gigantic)
{
	struct pool before;
};

FIXTURE_SETUP(gigantic)
{
	ASSERT_TRUE(booted_with_gigantic());
	ASSERT_EQ(0, pool_read(SIZE_1G, &self->before));
	ASSERT_LT(0, self->before.nr);
	CONTROL_READY();
}

FIXTURE_TEARDOWN(gigantic)
{
}

static long free_kb(void)
{
	return procfile_value("/proc/meminfo", "MemFree:");
}

TEST_F(gigantic, freed_when_pool_shrinks)
{
	const long nr = self->before.nr - 1;
	long before = free_kb();

	ASSERT_LT(0, before);
	ASSERT_EQ(nr, pool_set(SIZE_1G, nr));
	EXPECT_TRUE(poll_until(free_kb() - before > (long)SIZE_1G / 1024 * 9 / 10));
}

TEST_HARNESS_MAIN
