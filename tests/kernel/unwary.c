// SPDX-License-Identifier: GPL-2.0-only
/*
 * Places where stock 6.12 touches a page with a real error and cannot recover,
 * with or without the policy. Fixes at the start of the series repair them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "attempt.h"
#include "control.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pattern.h"
#include "procfile.h"
#include "sigbus.h"

#define LINE		640UL	/* offset in a page of the line that fails */

/* Map @pages base pages of a shmem file. */
static char *map_shmem(int fd, size_t pages)
{
	char *map;

	if (fd < 0 || ftruncate(fd, pages * BASE_PAGE))
		return NULL;
	map = mmap(NULL, pages * BASE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		   fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	pattern_fill(map, 0, pages * BASE_PAGE);
	return map;
}

FIXTURE(shmem)
{
	int fd;
	char *map;
};

/* The middle one of three pages has an error and left the direct map. */
FIXTURE_SETUP(shmem)
{
	struct sigbus seen;

	sigbus_catch();
	self->fd = memfd_create("unwary", MFD_CLOEXEC);
	self->map = map_shmem(self->fd, 3);
	ASSERT_NE(NULL, self->map);
	ASSERT_EQ(0, lab_poison_add(lab_pa(self->map + BASE_PAGE + LINE), 1));
	ASSERT_TRUE(sigbus_on_load(self->map + BASE_PAGE + LINE, &seen));
	ASSERT_EQ(BUS_MCEERR_AR, seen.code);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(shmem)
{
	lab_poison_clear();
}

static long truncate_amid(void *arg)
{
	return ftruncate(*(int *)arg, BASE_PAGE + 100) ? -errno : 0;
}

static long punch_amid(void *arg)
{
	return fallocate(*(int *)arg, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 104, BASE_PAGE) ? -errno : 0;
}

/* "unable to handle page fault", and file and page stay locked forever. */
TEST_F(shmem, truncated_amid_lost_page)
{
	char data[200];

	ASSERT_EQ(0, attempt(truncate_amid, &self->fd));
	EXPECT_EQ(200, pread(self->fd, data, 200, 0));
	EXPECT_EQ(-1, pattern_check(data, 0, 200));
	EXPECT_EQ(-1, pread(self->fd, data, 50, BASE_PAGE));
	EXPECT_EQ(EIO, errno);
}

TEST_F(shmem, punched_amid_lost_page)
{
	char data[200];

	ASSERT_EQ(0, attempt(punch_amid, &self->fd));
	EXPECT_EQ(200, pread(self->fd, data, 200, 0));
	EXPECT_EQ(-1, pattern_check(data, 0, 104));
	EXPECT_EQ(0, data[104]);
	EXPECT_EQ(0, data[199]);
	EXPECT_EQ(BASE_PAGE, pread(self->fd, self->map, BASE_PAGE,
				   2 * BASE_PAGE));
	EXPECT_EQ(-1, pattern_check(self->map, 2 * BASE_PAGE, BASE_PAGE));
}

/* A page of anonymous memory with new poison. */
FIXTURE(remote)
{
	char *page;
};

FIXTURE_SETUP(remote)
{
	self->page = mmap(NULL, 2 * BASE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	pattern_fill(self->page, 0, 2 * BASE_PAGE);
	ASSERT_EQ(0, lab_poison_add(lab_pa(self->page + LINE), 1));
	CONTROL_READY();
	CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(remote)
{
	lab_poison_clear();
}

/* "Fatal local machine check". */
TEST_F(remote, proc_mem)
{
	static char data[2 * BASE_PAGE] __attribute__((aligned(8)));
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	off_t at = (off_t)(uintptr_t)self->page;

	ASSERT_LE(0, fd);
	EXPECT_EQ(LINE, pread(fd, data, BASE_PAGE, at));
	EXPECT_EQ(-1, pattern_check(data, 0, LINE));
	EXPECT_EQ(-1, pread(fd, data, 8, at + LINE));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(BASE_PAGE, pread(fd, data, BASE_PAGE, at + BASE_PAGE));
	EXPECT_EQ(-1, pattern_check(data, BASE_PAGE, BASE_PAGE));
}

static pid_t traced_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(0);
	}
	return waitpid(pid, NULL, WUNTRACED) == pid ? pid : -1;
}

TEST_F(remote, ptrace_peek)
{
	pid_t pid = traced_child();

	ASSERT_LT(0, pid);
	errno = 0;
	EXPECT_EQ(-1, ptrace(PTRACE_PEEKDATA, pid, self->page + LINE, NULL));
	EXPECT_EQ(EIO, errno);
	errno = 0;
	/* By now the page with the error may have been taken away */
	ptrace(PTRACE_PEEKDATA, pid, self->page + BASE_PAGE, NULL);
	EXPECT_EQ(0, errno);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(remote, process_vm)
{
	static char data[2 * BASE_PAGE] __attribute__((aligned(8)));
	struct iovec to = { data, sizeof(data) };
	struct iovec from = { self->page, sizeof(data) };

	EXPECT_EQ(LINE, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_EQ(-1, pattern_check(data, 0, LINE));
	from = (struct iovec){ self->page + LINE, 64 };
	EXPECT_EQ(-1, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	from = (struct iovec){ self->page + BASE_PAGE, BASE_PAGE };
	EXPECT_EQ(BASE_PAGE, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
}

#define SHMEM_ENABLED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define POISONED	5
#define BESIDE		7
#define HELD		100

/*
 * A huge page of shared anonymous memory that cannot be split, as a pipe holds
 * one of its pages: only the page with the error is lost, and stays lost.
 */
FIXTURE(unsplit)
{
	char *map;
	int held[2];
};

FIXTURE_SETUP(unsplit)
{
	struct iovec held;
	char *area;

	sigbus_catch();
	ASSERT_EQ(0, procfile_write(SHMEM_ENABLED, "always"));
	area = mmap(NULL, 2 * SIZE_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ASSERT_NE(MAP_FAILED, area);
	area = (char *)(((uintptr_t)area + SIZE_2M - 1) & ~(SIZE_2M - 1));
	self->map = mmap(area, SIZE_2M, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	pattern_fill(self->map, 0, SIZE_2M);
	ASSERT_NE(0, page_flags(pagemap_pfn(self->map)) & PAGE_THP);
	ASSERT_EQ(0, pipe(self->held));
	held = (struct iovec){ self->map + HELD * BASE_PAGE, BASE_PAGE };
	ASSERT_EQ(BASE_PAGE, vmsplice(self->held[1], &held, 1, 0));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(unsplit)
{
	procfile_write(SHMEM_ENABLED, "never");
}

/* Software poison is enough: this is about what gets mapped. */
TEST_F(unsplit, not_mapped_beside_a_fault)
{
	char *poisoned = self->map + POISONED * BASE_PAGE;
	struct sigbus seen = { 0 };
	int err;

	sigbus_on_hwpoison(poisoned, &seen, &err);
	ASSERT_EQ(0, madvise(self->map, SIZE_2M, MADV_DONTNEED));
	self->map[BESIDE * BASE_PAGE] = 1;
	EXPECT_TRUE(sigbus_on_load(poisoned, &seen));
	EXPECT_FALSE(sigbus_on_load(self->map + (POISONED + 1) * BASE_PAGE,
				    &seen));
}

TEST_HARNESS_MAIN
