// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 8 to 10: the kernel itself can access the healthy bytes of a kept
 * folio and does not touch the poison.  All poison here is real: a load of it
 * in kernel code that cannot recover from it would be a panic.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "elfcore.h"
#include "filled.h"
#include "hugepage.h"
#include "memblock.h"
#include "pattern.h"
#include "pin.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "sigbus.h"

/* Bytes per call of read(2) and the like. */
#define CHUNK		(64UL * BASE_PAGE)

/* Bytes from @offset on up to the next raw page, at most @len. */
static long healthy_from(const struct filled *self, size_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < RAW_PAGES; i++)
		if (self->raw[i] >= offset && self->raw[i] - offset < len)
			len = self->raw[i] - offset;
	return len;
}

/* Rule 8: all bytes up to the raw page, EIO in it, all bytes after it. */
static void expect_read(struct __test_metadata *_metadata,
			const struct filled *self, size_t offset)
{
	static char data[CHUNK] __attribute__((aligned(4096)));
	long want = healthy_from(self, offset, CHUNK);
	ssize_t got = pread(self->hp.fd, data, CHUNK, offset);

	if (filled_is_raw(self, offset)) {
		EXPECT_EQ(-1, got);
		EXPECT_EQ(EIO, errno);
		return;
	}
	ASSERT_EQ(want, got);
	EXPECT_EQ(-1, pattern_check(data, offset, got));
}

static void reads_by_descriptor(struct __test_metadata *_metadata,
				const struct filled *self)
{
	size_t i;

	for (i = 0; i < RAW_PAGES; i++) {
		size_t raw = self->raw[i];

		expect_read(_metadata, self, raw - 2 * BASE_PAGE);
		expect_read(_metadata, self, raw - 512);
		expect_read(_metadata, self, raw);
		expect_read(_metadata, self, raw + 512);
		expect_read(_metadata, self, raw + BASE_PAGE - 8);
		expect_read(_metadata, self, raw + BASE_PAGE);
	}
	expect_read(_metadata, self, 0);
}

/* Rule 8: the file position advances by the bytes that read(2) returned. */
static void reads_sequentially(struct __test_metadata *_metadata,
			       const struct filled *self)
{
	static char data[CHUNK] __attribute__((aligned(4096)));

	ASSERT_EQ(0, lseek(self->hp.fd, 0, SEEK_SET));
	ASSERT_EQ(self->raw[0], read(self->hp.fd, data, CHUNK));
	ASSERT_EQ(-1, read(self->hp.fd, data, CHUNK));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(self->raw[0], lseek(self->hp.fd, 0, SEEK_CUR));
}

static ssize_t read_process(const struct filled *self, char *data,
			    size_t offset)
{
	struct iovec to = { data, BASE_PAGE };
	struct iovec from = { self->hp.map + offset, BASE_PAGE };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0);
}

static ssize_t read_mem(const struct filled *self, char *data, size_t offset)
{
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	got = pread(fd, data, BASE_PAGE, (uintptr_t)self->hp.map + offset);
	close(fd);
	return got;
}

/* Rules 8 and 9: get_user_pages() returns the healthy pages and no others. */
static void expect_reader(struct __test_metadata *_metadata,
			  const struct filled *self,
			  ssize_t (*reader)(const struct filled *, char *,
					    size_t))
{
	static char data[BASE_PAGE] __attribute__((aligned(4096)));
	int64_t hits = lab_poison_hits();
	size_t i;

	for (i = 0; i < RAW_PAGES; i++) {
		EXPECT_EQ(-1, reader(self, data, self->raw[i]));
		ASSERT_EQ(BASE_PAGE, reader(self, data,
					    self->raw[i] - BASE_PAGE +
					    (i == 2) * 2 * BASE_PAGE));
		EXPECT_EQ(-1, pattern_check(data, self->raw[i] - BASE_PAGE +
					    (i == 2) * 2 * BASE_PAGE,
					    BASE_PAGE));
	}
	EXPECT_EQ(hits, lab_poison_hits());
}

static ssize_t write_process(const struct filled *self, char *data,
			     size_t offset)
{
	struct iovec from = { data, BASE_PAGE };
	struct iovec to = { self->hp.map + offset, BASE_PAGE };

	return process_vm_writev(getppid(), &from, 1, &to, 1, 0);
}

static ssize_t write_mem(const struct filled *self, char *data, size_t offset)
{
	char path[32];
	ssize_t done;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", getppid());
	fd = open(path, O_RDWR | O_CLOEXEC);
	done = pwrite(fd, data, BASE_PAGE, (uintptr_t)self->hp.map + offset);
	close(fd);
	return done;
}

/* 0 if it writes healthy pages of its parent and no others. */
static int write_to_parent(const struct filled *self,
			   ssize_t (*writer)(const struct filled *, char *,
					     size_t))
{
	static char data[BASE_PAGE] __attribute__((aligned(4096)));
	size_t i, before = self->raw[1] - BASE_PAGE;

	for (i = 0; i < RAW_PAGES; i++)
		if (writer(self, data, self->raw[i]) != -1)
			return 1;
	pattern_fill(data, 0, BASE_PAGE);
	if (writer(self, data, before) != BASE_PAGE ||
	    writer(self, data, self->raw[2] + BASE_PAGE) != BASE_PAGE)
		return 2;
	return 0;
}

/* Rules 8 and 9: as for readers; the written data arrives. */
static void expect_writer(struct __test_metadata *_metadata,
			  const struct filled *self,
			  ssize_t (*writer)(const struct filled *, char *,
					    size_t))
{
	const char *before = self->hp.map + self->raw[1] - BASE_PAGE;
	int64_t hits = lab_poison_hits();
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(write_to_parent(self, writer));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-1, pattern_check(before, 0, BASE_PAGE));
	EXPECT_EQ(-1, pattern_check(before + 3 * BASE_PAGE, 0, BASE_PAGE));
	EXPECT_EQ(hits, lab_poison_hits());
	filled_expect_fatal(_metadata, self, self->hp.map);
}

/* Rules 8 and 9: a debugger reads the memory of a stopped process. */
static void expect_ptrace(struct __test_metadata *_metadata,
			  const struct filled *self)
{
	char *raw = self->hp.map + self->raw[0], *next = raw + BASE_PAGE;
	int64_t hits = lab_poison_hits();
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	ASSERT_EQ(0, ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	errno = 0;
	EXPECT_EQ(-1, ptrace(PTRACE_PEEKDATA, pid, raw, NULL));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, ptrace(PTRACE_POKEDATA, pid, raw, 1L));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(*(long *)next, ptrace(PTRACE_PEEKDATA, pid, next, NULL));
	EXPECT_EQ(0, ptrace(PTRACE_POKEDATA, pid, next, 42L));
	EXPECT_EQ(42, *(long *)next);
	kill(pid, SIGKILL);
	EXPECT_EQ(hits, lab_poison_hits());
	filled_expect_fatal(_metadata, self, self->hp.map);
}

/*
 * Rule 8: hugetlb does not support splicing from the page cache, nor therefore
 * sendfile(2) or copies between files: none of these reaches the folio.
 */
static void expect_no_splice(struct __test_metadata *_metadata,
			     const struct filled *self)
{
	int ends[2], file = memfd_create("copy", MFD_CLOEXEC);
	int64_t hits = lab_poison_hits();
	loff_t at = self->raw[0];
	off_t from = at;

	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	EXPECT_EQ(-1, splice(self->hp.fd, &at, ends[1], NULL, BASE_PAGE, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, sendfile(file, self->hp.fd, &from, BASE_PAGE));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, copy_file_range(self->hp.fd, &at, file, NULL, BASE_PAGE,
				      0));
	EXPECT_EQ(-1, write(self->hp.fd, "x", 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(hits, lab_poison_hits());
	filled_expect_intact(_metadata, self, self->hp.map);
}

/* O_DIRECT, with which a block device transfers the pages themselves. */
static void expect_direct_io(struct __test_metadata *_metadata,
			     const struct filled *self)
{
	static char data[2 * BASE_PAGE] __attribute__((aligned(4096)));
	int disk = open("/dev/ram0", O_RDWR | O_DIRECT | O_CLOEXEC);
	char *raw = self->hp.map + self->raw[0];
	int64_t hits = lab_poison_hits();

	ASSERT_LE(0, disk);
	EXPECT_EQ(-1, pwrite(disk, raw, BASE_PAGE, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pread(disk, raw, BASE_PAGE, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(2 * BASE_PAGE, pwrite(disk, raw - 2 * BASE_PAGE,
					2 * BASE_PAGE, 0));
	ASSERT_EQ(2 * BASE_PAGE, pread(disk, data, 2 * BASE_PAGE, 0));
	EXPECT_EQ(-1, pattern_check(data, self->raw[0] - 2 * BASE_PAGE,
				    2 * BASE_PAGE));
	EXPECT_EQ(hits, lab_poison_hits());
	/* The rest is copied into the page cache, which loads the raw page */
	EXPECT_EQ(BASE_PAGE, pwrite(disk, raw - BASE_PAGE, 2 * BASE_PAGE, 0));
	close(disk);
	filled_expect_intact(_metadata, self, self->hp.map);
}

/* Pages given to a pipe with SPLICE_F_GIFT. */
static void expect_gift(struct __test_metadata *_metadata,
			const struct filled *self)
{
	struct iovec raw = { self->hp.map + self->raw[0], BASE_PAGE };
	struct iovec next = { raw.iov_base + BASE_PAGE, BASE_PAGE };
	static char data[BASE_PAGE] __attribute__((aligned(4096)));
	int ends[2];

	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	EXPECT_EQ(-1, vmsplice(ends[1], &raw, 1, SPLICE_F_GIFT));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(BASE_PAGE, vmsplice(ends[1], &next, 1, SPLICE_F_GIFT));
	ASSERT_EQ(BASE_PAGE, read(ends[0], data, BASE_PAGE));
	EXPECT_EQ(-1, pattern_check(data, self->raw[0] + BASE_PAGE, BASE_PAGE));
	filled_expect_intact(_metadata, self, self->hp.map);
}

/* How many pages get_user_pages_fast() returns, or -errno. */
static long splice_pages(const char *from, size_t pages)
{
	int fd;
	long got = pin_in_pipe((void *)from, pages, &fd);

	if (got >= 0)
		close(fd);
	return got;
}

/* 0 or -errno of a long-term pin, which takes all pages or none. */
static int register_pages(const char *from, size_t pages)
{
	int fd = pin_long_term((void *)from, pages * BASE_PAGE);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* Rule 9: a raw page first in a request is an error; a later one cuts it. */
static void pins_healthy_pages(struct __test_metadata *_metadata,
			       const struct filled *self)
{
	const char *raw = self->hp.map + self->raw[1];

	EXPECT_EQ(-EFAULT, splice_pages(raw, 1));
	EXPECT_EQ(-EFAULT, splice_pages(raw + BASE_PAGE, 2));
	EXPECT_EQ(2, splice_pages(raw - 2 * BASE_PAGE, 4));
	EXPECT_EQ(4, splice_pages(raw + 2 * BASE_PAGE, 4));

	EXPECT_EQ(-EFAULT, register_pages(raw, 4));
	EXPECT_GT(0, register_pages(raw - 2 * BASE_PAGE, 4));
	EXPECT_EQ(0, register_pages(raw - 2 * BASE_PAGE, 2));
	EXPECT_EQ(0, register_pages(raw + 2 * BASE_PAGE, 64));
}

/* Rule 8: zeroing part of the folio neither writes nor reads poison. */
static void punches_partly(struct __test_metadata *_metadata,
			   const struct filled *self)
{
	const size_t raw = self->raw[0];
	int64_t hits = lab_poison_hits();
	const char *map = self->hp.map;
	struct sigbus seen;
	size_t i;

	ASSERT_EQ(-1, fallocate(self->hp.fd,
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				raw - BASE_PAGE + 64, 2 * BASE_PAGE));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(hits, lab_poison_hits());
	ASSERT_FALSE(sigbus_on_load(map, &seen));
	EXPECT_EQ(-1, pattern_check(map + raw - BASE_PAGE, raw - BASE_PAGE,
				    64));
	for (i = raw - BASE_PAGE + 64; i < raw; i++)
		EXPECT_EQ(0, map[i]);
	for (i = raw + BASE_PAGE; i < raw + BASE_PAGE + 64; i++)
		EXPECT_EQ(0, map[i]);
	EXPECT_EQ(-1, pattern_check(map + raw + BASE_PAGE + 64,
				    raw + BASE_PAGE + 64, BASE_PAGE - 64));
	filled_expect_fatal(_metadata, self, map);
}

FIXTURE(kept)
{
	struct filled f;
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	filled_create(_metadata, &self->f, SIZE_2M);
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	lab_poison_clear();
}

TEST_F(kept, reads_by_descriptor)
{
	reads_by_descriptor(_metadata, &self->f);
	reads_sequentially(_metadata, &self->f);
}

TEST_F(kept, process_vm_readv)
{
	expect_reader(_metadata, &self->f, read_process);
}

TEST_F(kept, proc_mem)
{
	expect_reader(_metadata, &self->f, read_mem);
}

TEST_F(kept, process_vm_writev)
{
	expect_writer(_metadata, &self->f, write_process);
}

TEST_F(kept, proc_mem_write)
{
	expect_writer(_metadata, &self->f, write_mem);
}

TEST_F(kept, ptrace)
{
	expect_ptrace(_metadata, &self->f);
}

TEST_F(kept, splice_from_file)
{
	expect_no_splice(_metadata, &self->f);
}

TEST_F(kept, direct_io)
{
	expect_direct_io(_metadata, &self->f);
}

TEST_F(kept, gift_to_pipe)
{
	expect_gift(_metadata, &self->f);
}

TEST_F(kept, pins_healthy_pages)
{
	pins_healthy_pages(_metadata, &self->f);
}

static void dump_core(const struct filled *self)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	procfile_write("/proc/self/coredump_filter", "0x7f");
	setrlimit(RLIMIT_CORE, &all);
	signal(SIGBUS, SIG_DFL);
	*(volatile char *)(self->hp.map + self->raw[0]);
	_exit(0);
}

#define CORE	"/tmp/core.kept"

static long core_page(const struct filled *self, size_t offset, char *page)
{
	return elfcore_read(CORE, ELFCORE_VIRTUAL,
			    (uintptr_t)self->hp.map + offset, page, BASE_PAGE);
}

static bool all_zero(const char *page)
{
	return !page[0] && !memcmp(page, page + 1, BASE_PAGE - 1);
}

/*
 * The core of a process killed by poison has the healthy pages, and zeroes in
 * place of the raw ones.  Poll: a core piped to a program is complete only
 * after the process is gone.
 */
static void expect_core(struct __test_metadata *_metadata,
			const struct filled *self, const char *pattern)
{
	static char page[BASE_PAGE] __attribute__((aligned(4096)));
	int64_t hits = lab_poison_hits();
	int status = 0;
	size_t offset;
	pid_t pid;

	unlink(CORE);
	ASSERT_EQ(0, procfile_write("/proc/sys/kernel/core_pattern", "%s",
				    pattern));
	pid = fork();
	if (!pid)
		dump_core(self);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGBUS, WTERMSIG(status));
	ASSERT_TRUE(WCOREDUMP(status));
	offset = self->hp.size - BASE_PAGE;
	ASSERT_TRUE(poll_until(core_page(self, offset, page) == BASE_PAGE &&
			       pattern_check(page, offset, BASE_PAGE) < 0));
	for (offset = 0; offset < self->hp.size; offset += BASE_PAGE) {
		ASSERT_EQ(BASE_PAGE, core_page(self, offset, page));
		if (filled_is_raw(self, offset)) {
			EXPECT_TRUE(all_zero(page));
			continue;
		}
		ASSERT_EQ(-1, pattern_check(page, offset, BASE_PAGE));
	}
	unlink(CORE);
	EXPECT_EQ(hits + 1, lab_poison_hits());
}

TEST_F(kept, coredump)
{
	expect_core(_metadata, &self->f, CORE);
}

TEST_F(kept, coredump_to_pipe)
{
	expect_core(_metadata, &self->f, "|/bin/busybox dd of=" CORE);
}

/* Rule 8: a debugger, or the dump after kexec, reads physical memory. */
TEST_F(kept, proc_kcore)
{
	static char page[BASE_PAGE] __attribute__((aligned(4096)));
	int64_t hits = lab_poison_hits();
	uint64_t pa = self->f.hp.pa;
	size_t offset;

	for (offset = 0; offset < 8 * BASE_PAGE; offset += BASE_PAGE) {
		long got = elfcore_read("/proc/kcore", ELFCORE_PHYSICAL,
					pa + offset, page, BASE_PAGE);

		if (filled_is_raw(&self->f, offset))
			continue;
		ASSERT_EQ(BASE_PAGE, got);
		ASSERT_EQ(-1, pattern_check(page, offset, BASE_PAGE));
	}
	EXPECT_EQ(hits, lab_poison_hits());
}

FIXTURE(movable)
{
	struct filled f;
};

/* Not all of the pool is in movable memory: take pages until one is. */
#define CANDIDATES	192

FIXTURE_SETUP(movable)
{
	struct hugepage *hp = &self->f.hp, others[CANDIDATES];
	size_t n = 0;

	for (;;) {
		ASSERT_EQ(0, pool_want(SIZE_2M, 1));
		ASSERT_EQ(0, hugepage_create(hp, SIZE_2M));
		if (memblock_is_movable(hp->pa))
			break;
		ASSERT_LT(n, CANDIDATES);
		others[n++] = *hp;
	}
	while (n--)
		hugepage_close(&others[n]);
	filled_break(_metadata, &self->f);
}

FIXTURE_TEARDOWN_PARENT(movable)
{
	lab_poison_clear();
}

/*
 * Rule 10: the memory block with the folio is busy.  It is in the movable zone
 * (movablecore= on the command line), so nothing else keeps it online.
 */
TEST_F(movable, not_hot_removed)
{
	EXPECT_EQ(-EBUSY, memblock_set(self->f.hp.pa, "offline"));
	filled_expect_intact(_metadata, &self->f, self->f.hp.map);
}

/*
 * Rule 9: a long-term pin usually migrates the folio out of the movable zone
 * first, which a kept folio does not allow.  It must not retry forever.
 */
TEST_F(movable, long_term_pin)
{
	const char *raw = self->f.hp.map + self->f.raw[1];

	EXPECT_EQ(0, register_pages(raw + 2 * BASE_PAGE, 4));
	EXPECT_EQ(-EFAULT, register_pages(raw, 4));
	filled_expect_intact(_metadata, &self->f, self->f.hp.map);
}

FIXTURE(gigantic)
{
	struct filled f;
};

FIXTURE_VARIANT(gigantic)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(gigantic, 1G) { .size = SIZE_1G };

FIXTURE_SETUP(gigantic)
{
	ASSERT_EQ(0, pool_want(variant->size, 2));
	filled_create(_metadata, &self->f, variant->size);
}

FIXTURE_TEARDOWN_PARENT(gigantic)
{
	lab_poison_clear();
}

TEST_F_TIMEOUT(gigantic, kernel_access, 180)
{
	reads_by_descriptor(_metadata, &self->f);
	reads_sequentially(_metadata, &self->f);
	expect_reader(_metadata, &self->f, read_process);
	expect_reader(_metadata, &self->f, read_mem);
	pins_healthy_pages(_metadata, &self->f);
	punches_partly(_metadata, &self->f);
}

TEST_HARNESS_MAIN
