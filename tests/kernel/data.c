// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 5 and 7 to 10: while a folio with poison is kept, its healthy
 * bytes are there for everybody, mapped huge, and the kernel itself keeps
 * clear of the poison.  All poison here is real: a load of it by the kernel
 * that it is not prepared for would panic it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <poison.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "elfcore.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pattern.h"
#include "pin.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"
#include "sigbus.h"

/* glibc does not have it. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

#define RAW_PAGES	3
/* What read(2) and friends copy at a time. */
#define CHUNK		(64UL * BASE_PAGE)

struct filled {
	struct hugepage hp;
	size_t raw[RAW_PAGES];	/* offsets, ascending, the last two adjacent */
};

/*
 * Without the policy only the first error is known to the kernel, as later
 * loads end at an unmapped page.  Poison that it does not know of would panic
 * it at the first read(2), so that goes again.
 */
static void consume(struct __test_metadata *_metadata, const struct hugepage *hp,
		    size_t offset)
{
	int64_t hits = lab_poison_hits();
	struct sigbus seen;

	ASSERT_EQ(0, lab_poison_add(hp->pa + offset, 1));
	ASSERT_TRUE(sigbus_on_load(hp->map + offset, &seen));
	if (lab_poison_hits() == hits)
		lab_poison_del(hp->pa + offset, 1);
}

/* Fill the huge page with the pattern, then have three real errors in it. */
static void fill_and_break(struct __test_metadata *_metadata,
			   struct filled *self)
{
	size_t i, size = self->hp.size;

	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	pattern_fill(self->hp.map, 0, size);
	self->raw[0] = 3 * BASE_PAGE;
	self->raw[1] = size / 2;
	self->raw[2] = size / 2 + BASE_PAGE;
	CONTROL_READY();
	for (i = 0; i < RAW_PAGES; i++)
		consume(_metadata, &self->hp, self->raw[i]);
}

static void filled_create(struct __test_metadata *_metadata,
			  struct filled *self, size_t size)
{
	ASSERT_EQ(0, hugepage_create(&self->hp, size));
	fill_and_break(_metadata, self);
}

static long check_all(const struct filled *self, const char *map)
{
	return pattern_check_healthy(map, self->hp.size, self->raw, RAW_PAGES);
}

/* Enough to see every fault: of a gigantic page all bytes are read once. */
static long check_some(const struct filled *self, const char *map)
{
	return pattern_sample_healthy(map, self->hp.size, self->raw,
				      RAW_PAGES);
}

static void expect_raw_pages_fatal(struct __test_metadata *_metadata,
				   const struct filled *self, const char *map)
{
	struct sigbus seen;
	size_t i;

	for (i = 0; i < RAW_PAGES; i++) {
		EXPECT_TRUE(sigbus_on_load(map + self->raw[i], &seen));
		EXPECT_EQ(BUS_MCEERR_AR, seen.code);
		EXPECT_EQ(12, seen.lsb);
	}
}

static void expect_same_folio(struct __test_metadata *_metadata,
			      const struct filled *self, const char *map)
{
	EXPECT_EQ(self->hp.pa / BASE_PAGE, pagemap_pfn(map));
	EXPECT_EQ((self->hp.pa + self->hp.size) / BASE_PAGE - 1,
		  pagemap_pfn(map + self->hp.size - BASE_PAGE));
	EXPECT_TRUE(page_flags(self->hp.pa / BASE_PAGE) & PAGE_HUGE);
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Of all mappings of this process together. */
static long shared_hugetlb_kb(void)
{
	return procfile_value("/proc/self/smaps_rollup", "Shared_Hugetlb:") +
	       procfile_value("/proc/self/smaps_rollup", "Private_Hugetlb:");
}

/* Rules 5, 7: every healthy byte, mapped huge, no fault when read again. */
static void stays_mapped(struct __test_metadata *_metadata,
			 const struct filled *self)
{
	long faults;

	EXPECT_EQ(-1, check_all(self, self->hp.map));
	faults = minor_faults();
	EXPECT_EQ(-1, check_some(self, self->hp.map));
	EXPECT_EQ(faults, minor_faults());
	expect_same_folio(_metadata, self, self->hp.map);
	EXPECT_EQ(self->hp.size >> 10, shared_hugetlb_kb());
	expect_raw_pages_fatal(_metadata, self, self->hp.map);
}

static void expect_intact(struct __test_metadata *_metadata,
			  const struct filled *self, const char *map)
{
	ASSERT_NE(NULL, map);
	EXPECT_EQ(-1, check_some(self, map));
	expect_same_folio(_metadata, self, map);
	expect_raw_pages_fatal(_metadata, self, map);
}

/* Rule 7: fault it in again, by each way to lose a mapping. */
static void faults_again(struct __test_metadata *_metadata, struct filled *self)
{
	ASSERT_EQ(0, madvise(self->hp.map, self->hp.size, MADV_DONTNEED));
	expect_intact(_metadata, self, self->hp.map);
	ASSERT_EQ(0, munmap(self->hp.map, self->hp.size));
	self->hp.map = hugepage_map(&self->hp);
	expect_intact(_metadata, self, self->hp.map);
}

/* Rule 7. */
static void maps_again(struct __test_metadata *_metadata, struct filled *self)
{
	char *twin = hugepage_map(&self->hp);

	expect_intact(_metadata, self, twin);
	expect_intact(_metadata, self, self->hp.map);
	munmap(twin, self->hp.size);
}

/* Rule 7: a new place for the mapping, aligned as huge pages must be. */
static void moves(struct __test_metadata *_metadata, struct filled *self)
{
	size_t size = self->hp.size;
	char *room = mmap(NULL, 2 * size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *to = (char *)(((uintptr_t)room + size - 1) & ~(size - 1));

	ASSERT_NE(MAP_FAILED, room);
	ASSERT_EQ(to, mremap(self->hp.map, size, size,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	self->hp.map = to;
	expect_intact(_metadata, self, to);
}

/* Rule 7: 0 if a child reads all healthy bytes and no others. */
static int read_by_child(const struct filled *self)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		struct sigbus seen;

		if (check_some(self, self->hp.map) >= 0)
			_exit(1);
		_exit(sigbus_on_load(self->hp.map + self->raw[0], &seen) &&
		      seen.addr == (uintptr_t)self->hp.map + self->raw[0] &&
		      seen.lsb == 12 ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	return status;
}

static bool is_raw(const struct filled *self, size_t offset)
{
	size_t i;

	for (i = 0; i < RAW_PAGES; i++)
		if (offset / BASE_PAGE == self->raw[i] / BASE_PAGE)
			return true;
	return false;
}

/* Bytes from @offset on up to the next raw page, at most @len. */
static long healthy_from(const struct filled *self, size_t offset, size_t len)
{
	size_t i;

	for (i = 0; i < RAW_PAGES; i++)
		if (self->raw[i] >= offset && self->raw[i] - offset < len)
			len = self->raw[i] - offset;
	return len;
}

/* Rule 8: all bytes up to the poisoned base page, EIO in it, then on. */
static void expect_read(struct __test_metadata *_metadata,
			const struct filled *self, size_t offset)
{
	static char data[CHUNK] __attribute__((aligned(4096)));
	long want = healthy_from(self, offset, CHUNK);
	ssize_t got = pread(self->hp.fd, data, CHUNK, offset);

	if (is_raw(self, offset)) {
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

/* Rule 8: the position moves on, as a plain read(2) leaves it. */
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

/* Rules 8 and 9: get_user_pages gives the healthy pages and no others. */
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

/* Pages that get_user_pages_fast() gives, or -errno. */
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

/* Rule 9: the first page of a request gives the error, a later one ends it. */
static void pins_healthy_pages(struct __test_metadata *_metadata,
			       const struct filled *self)
{
	const char *raw = self->hp.map + self->raw[1];

	EXPECT_EQ(-EHWPOISON, splice_pages(raw, 1));
	EXPECT_EQ(-EHWPOISON, splice_pages(raw + BASE_PAGE, 2));
	EXPECT_EQ(2, splice_pages(raw - 2 * BASE_PAGE, 4));
	EXPECT_EQ(4, splice_pages(raw + 2 * BASE_PAGE, 4));

	EXPECT_EQ(-EHWPOISON, register_pages(raw, 4));
	EXPECT_GT(0, register_pages(raw - 2 * BASE_PAGE, 4));
	EXPECT_EQ(0, register_pages(raw - 2 * BASE_PAGE, 2));
	EXPECT_EQ(0, register_pages(raw + 2 * BASE_PAGE, 64));
}

/* Rule 8: zeroing part of the folio writes no poison and reads none. */
static void punches_partly(struct __test_metadata *_metadata,
			   const struct filled *self)
{
	const size_t raw = self->raw[0];
	int64_t hits = lab_poison_hits();
	const char *map = self->hp.map;
	struct sigbus seen;
	size_t i;

	ASSERT_EQ(0, fallocate(self->hp.fd,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       raw - BASE_PAGE + 64, 2 * BASE_PAGE));
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
	expect_raw_pages_fatal(_metadata, self, map);
}

/* Rule 7: a private mapping reads; its copy of the folio fails cleanly. */
static void private_copy_fails(struct __test_metadata *_metadata,
			       const struct filled *self)
{
	char *mine = mmap(NULL, self->hp.size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE, self->hp.fd, 0);
	struct sigbus seen;

	ASSERT_NE(MAP_FAILED, mine);
	ASSERT_FALSE(sigbus_on_load(mine, &seen));
	EXPECT_EQ(-1, check_some(self, mine));
	EXPECT_TRUE(sigbus_on_store(mine, &seen));
	EXPECT_TRUE(sigbus_on_store(mine + self->raw[1] + 3 * BASE_PAGE,
				    &seen));
	munmap(mine, self->hp.size);
	EXPECT_EQ(-1, check_some(self, self->hp.map));
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

TEST_F(kept, stays_mapped)
{
	stays_mapped(_metadata, &self->f);
}

TEST_F(kept, faults_again)
{
	faults_again(_metadata, &self->f);
	EXPECT_EQ(-1, check_all(&self->f, self->f.hp.map));
}

TEST_F(kept, maps_again)
{
	maps_again(_metadata, &self->f);
}

TEST_F(kept, moves)
{
	moves(_metadata, &self->f);
	EXPECT_EQ(-1, check_all(&self->f, self->f.hp.map));
}

TEST_F(kept, read_by_child)
{
	EXPECT_EQ(0, read_by_child(&self->f));
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

TEST_F(kept, pins_healthy_pages)
{
	pins_healthy_pages(_metadata, &self->f);
}

TEST_F(kept, private_copy_fails)
{
	private_copy_fails(_metadata, &self->f);
}

/* Rule 7: writes of healthy base pages last, and others see them. */
TEST_F(kept, writable)
{
	char *twin = hugepage_map(&self->f.hp);
	struct sigbus seen;

	ASSERT_NE(NULL, twin);
	ASSERT_FALSE(sigbus_on_store(twin + BASE_PAGE, &seen));
	ASSERT_FALSE(sigbus_on_store(twin + self->f.raw[0] - 1, &seen));
	EXPECT_EQ(1, self->f.hp.map[BASE_PAGE]);
	EXPECT_EQ(1, self->f.hp.map[self->f.raw[0] - 1]);
}

/* Rule 10: the folio is in the page cache; CONTINUE maps it. */
TEST_F(kept, userfaultfd_continue)
{
	const size_t size = self->f.hp.size;
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MINOR };
	struct uffdio_continue cont = { .range.len = size };
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_MINOR_HUGETLBFS,
	};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	char *map;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, UFFDIO_API, &api));
	map = hugepage_map(&self->f.hp);
	ASSERT_NE(NULL, map);
	reg.range.start = cont.range.start = (uintptr_t)map;
	reg.range.len = size;
	ASSERT_EQ(0, ioctl(fd, UFFDIO_REGISTER, &reg));
	ASSERT_EQ(0, ioctl(fd, UFFDIO_CONTINUE, &cont));
	EXPECT_EQ(size, cont.mapped);
	close(fd);
	expect_intact(_metadata, &self->f, map);
}

/* Rule 10: soft offline would move the folio, and with it the poison. */
TEST_F(kept, not_soft_offlined)
{
	EXPECT_NE(0, madvise(self->f.hp.map + 10 * BASE_PAGE, BASE_PAGE,
			     MADV_SOFT_OFFLINE));
	expect_intact(_metadata, &self->f, self->f.hp.map);
}

/* Rule 10: not migrated, neither to the other node nor to where it is. */
TEST_F(kept, not_migrated)
{
	void *page = self->f.hp.map;
	int64_t hits = lab_poison_hits();
	int node, status;

	for (node = 0; node < 2; node++) {
		status = 0;
		EXPECT_LE(0, syscall(SYS_move_pages, 0, 1UL, &page, &node,
				     &status, MPOL_MF_MOVE_ALL));
		EXPECT_TRUE(status == node || status < 0);
		EXPECT_EQ(hits, lab_poison_hits());
		EXPECT_EQ(self->f.hp.pa / BASE_PAGE, pagemap_pfn(page));
	}
	expect_intact(_metadata, &self->f, self->f.hp.map);
}

/* The block of memory that has the folio, below /sys. */
static void memory_block(const struct hugepage *hp, const char *file,
			 char *path, size_t size)
{
	static const char blocks[] = "/sys/devices/system/memory";
	char hex[32] = "0x";

	snprintf(path, size, "%s/block_size_bytes", blocks);
	procfile_read(path, hex + 2, sizeof(hex) - 2);
	snprintf(path, size, "%s/memory%lu/%s", blocks,
		 hp->pa / strtoul(hex, NULL, 16), file);
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

/* Rule 8: the core of a process that dies of poison has the healthy pages. */
TEST_F(kept, coredump)
{
	static const char core[] = "/tmp/core.kept";
	static char page[BASE_PAGE] __attribute__((aligned(4096)));
	int64_t hits = lab_poison_hits();
	uintptr_t map = (uintptr_t)self->f.hp.map;
	int status = 0;
	size_t offset;
	pid_t pid;

	ASSERT_EQ(0, procfile_write("/proc/sys/kernel/core_pattern", "%s",
				    core));
	pid = fork();
	if (!pid)
		dump_core(&self->f);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGBUS, WTERMSIG(status));
	ASSERT_TRUE(WCOREDUMP(status));
	for (offset = 0; offset < self->f.hp.size; offset += BASE_PAGE) {
		ASSERT_EQ(BASE_PAGE, elfcore_read(core, ELFCORE_VIRTUAL,
						  map + offset, page,
						  BASE_PAGE));
		if (!is_raw(&self->f, offset))
			ASSERT_EQ(-1, pattern_check(page, offset, BASE_PAGE));
	}
	unlink(core);
	EXPECT_EQ(hits + 1, lab_poison_hits());
}

/* Rule 8: a debugger, or kexec's dump, looks at physical memory. */
TEST_F(kept, proc_kcore)
{
	static char page[BASE_PAGE] __attribute__((aligned(4096)));
	int64_t hits = lab_poison_hits();
	uint64_t pa = self->f.hp.pa;
	size_t offset;

	for (offset = 0; offset < 8 * BASE_PAGE; offset += BASE_PAGE) {
		long got = elfcore_read("/proc/kcore", ELFCORE_PHYSICAL,
					pa + offset, page, BASE_PAGE);

		if (is_raw(&self->f, offset))
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

static bool is_movable(const struct hugepage *hp)
{
	char path[128], zone[32];

	memory_block(hp, "valid_zones", path, sizeof(path));
	return procfile_read(path, zone, sizeof(zone)) > 0 &&
	       !strncmp(zone, "Movable", strlen("Movable"));
}

/* Not all of the pool is in the movable zone: take pages until one is. */
#define CANDIDATES	64

FIXTURE_SETUP(movable)
{
	struct hugepage *hp = &self->f.hp, others[CANDIDATES];
	size_t n = 0;

	for (;;) {
		ASSERT_EQ(0, pool_want(SIZE_2M, 1));
		ASSERT_EQ(0, hugepage_create(hp, SIZE_2M));
		if (is_movable(hp))
			break;
		ASSERT_LT(n, CANDIDATES);
		others[n++] = *hp;
	}
	while (n--)
		hugepage_close(&others[n]);
	fill_and_break(_metadata, &self->f);
}

FIXTURE_TEARDOWN_PARENT(movable)
{
	lab_poison_clear();
}

/*
 * Rule 10: memory that has the folio is busy.  The block is in the movable
 * zone (movablecore= on the command line), where nothing else keeps it.
 */
TEST_F(movable, not_hot_removed)
{
	char path[128];

	memory_block(&self->f.hp, "state", path, sizeof(path));
	EXPECT_EQ(-EBUSY, procfile_write(path, "offline"));
	expect_intact(_metadata, &self->f, self->f.hp.map);
}

/*
 * Rule 9: a long-term pin usually moves what it pins out of the movable zone,
 * which is no way for this folio.  It must not try for ever.
 */
TEST_F(movable, long_term_pin)
{
	const char *raw = self->f.hp.map + self->f.raw[1];

	EXPECT_EQ(0, register_pages(raw + 2 * BASE_PAGE, 4));
	EXPECT_EQ(-EHWPOISON, register_pages(raw, 4));
	expect_intact(_metadata, &self->f, self->f.hp.map);
}

FIXTURE(punched)
{
	struct filled f;
};

FIXTURE_SETUP(punched)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
}

FIXTURE_TEARDOWN_PARENT(punched)
{
	lab_poison_clear();
}

/*
 * Rule 8.  Stock writes to the raw page, which is no longer mapped: an oops
 * with the file locked.  So all of it is a child's, that this process need
 * not wait for.
 */
TEST_F(punched, partly)
{
	pid_t pid = fork();

	if (!pid) {
		filled_create(_metadata, &self->f, SIZE_2M);
		punches_partly(_metadata, &self->f);
		_exit(0);
	}
	EXPECT_TRUE(poll_until(waitpid(pid, NULL, WNOHANG) == pid));
}

FIXTURE(simulated)
{
	struct hugepage hp;
};

FIXTURE_SETUP(simulated)
{
	struct sigbus seen;

	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	pattern_fill(self->hp.map, 0, SIZE_2M);
	CONTROL_READY();
	ASSERT_EQ(0, error_raise(&self->hp, 0, ERROR_MADVISE, &seen));
}

FIXTURE_TEARDOWN(simulated)
{
	hugepage_close(&self->hp);
}

/* Rules 5, 9: nothing is lost to a process that does not ask the kernel. */
TEST_F(simulated, all_bytes_readable)
{
	EXPECT_EQ(-1, pattern_check(self->hp.map, 0, SIZE_2M));
}

/* Rule 7. */
TEST_F(simulated, private_copy_fails)
{
	char *mine = mmap(NULL, SIZE_2M, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			  self->hp.fd, 0);
	struct sigbus seen;

	ASSERT_NE(MAP_FAILED, mine);
	ASSERT_FALSE(sigbus_on_load(mine, &seen));
	EXPECT_TRUE(sigbus_on_store(mine + 5 * BASE_PAGE, &seen));
}

/* Rule 8: no byte of the raw page is written. */
TEST_F(simulated, punch_spares_raw_page)
{
	struct sigbus seen;

	ASSERT_EQ(0, fallocate(self->hp.fd,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 64,
			       2 * BASE_PAGE));
	ASSERT_FALSE(sigbus_on_load(self->hp.map, &seen));
	EXPECT_EQ(-1, pattern_check(self->hp.map, 0, BASE_PAGE));
	EXPECT_EQ(0, self->hp.map[BASE_PAGE]);
	EXPECT_EQ(-1, pattern_check(self->hp.map + 2 * BASE_PAGE + 64,
				    2 * BASE_PAGE + 64, BASE_PAGE - 64));
}

/* Rule 8: read(2) believes the record, whether a load would trap or not. */
TEST_F(simulated, read_eio)
{
	static char data[BASE_PAGE] __attribute__((aligned(4096)));

	CONTROL_SAME();
	EXPECT_EQ(-1, pread(self->hp.fd, data, BASE_PAGE, 0));
	EXPECT_EQ(EIO, errno);
	ASSERT_EQ(BASE_PAGE, pread(self->hp.fd, data, BASE_PAGE, BASE_PAGE));
	EXPECT_EQ(-1, pattern_check(data, BASE_PAGE, BASE_PAGE));
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

TEST_F_TIMEOUT(gigantic, mappings, 180)
{
	stays_mapped(_metadata, &self->f);
	faults_again(_metadata, &self->f);
	maps_again(_metadata, &self->f);
	moves(_metadata, &self->f);
	EXPECT_EQ(0, read_by_child(&self->f));
}

TEST_F_TIMEOUT(gigantic, kernel_access, 180)
{
	reads_by_descriptor(_metadata, &self->f);
	reads_sequentially(_metadata, &self->f);
	expect_reader(_metadata, &self->f, read_process);
	expect_reader(_metadata, &self->f, read_mem);
	pins_healthy_pages(_metadata, &self->f);
	private_copy_fails(_metadata, &self->f);
	punches_partly(_metadata, &self->f);
}

TEST_HARNESS_MAIN
