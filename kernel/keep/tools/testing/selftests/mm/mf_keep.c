// SPDX-License-Identifier: GPL-2.0-only
/*
 * MFD_MF_KEEP_UE_MAPPED: huge pages that stay mapped after a memory error.
 *
 * Errors are injected with MADV_HWPOISON: memory_failure() acts as for a real
 * error, but the memory is intact, so loads of lost data succeed. Each test
 * costs a base page, which is given back if hwpoison-inject is available.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "vm_util.h"

#ifndef MFD_MF_KEEP_UE_MAPPED
#define MFD_MF_KEEP_UE_MAPPED	0x0020U
#endif

#define POOL	"/proc/sys/vm/nr_hugepages"
#define INJECT	"/sys/kernel/debug/hwpoison/unpoison-pfn"
#define RAW	3	/* the base page with the error */

static struct {
	sigjmp_buf away;
	int count;
	int code;
	short lsb;
	char *addr;
	bool leave;	/* jump out of the access, which would fail again */
} sigbus;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	sigbus.count++;
	sigbus.code = info->si_code;
	sigbus.lsb = info->si_addr_lsb;
	sigbus.addr = info->si_addr;
	if (sigbus.leave)
		siglongjmp(sigbus.away, 1);
	if (sigbus.count == 100)	/* an unexpected failure */
		_exit(KSFT_FAIL);
}

static void catch_sigbus(void)
{
	struct sigaction action = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};

	memset(&sigbus, 0, sizeof(sigbus));
	sigaction(SIGBUS, &action, NULL);
}

/* Returns false if the access raised SIGBUS. */
static bool can_load(char *p)
{
	sigbus.leave = true;
	if (sigsetjmp(sigbus.away, 1)) {
		sigbus.leave = false;
		return false;
	}
	asm volatile("" : : "r" (*p) : "memory");
	sigbus.leave = false;
	return true;
}

static bool can_store(char *p)
{
	sigbus.leave = true;
	if (sigsetjmp(sigbus.away, 1)) {
		sigbus.leave = false;
		return false;
	}
	*p = 1;
	asm volatile("" : : : "memory");
	sigbus.leave = false;
	return true;
}

static long read_number(const char *path)
{
	FILE *file = fopen(path, "r");
	long n = -1;

	if (file) {
		if (fscanf(file, "%ld", &n) != 1)
			n = -1;
		fclose(file);
	}
	return n;
}

static bool write_number(const char *path, const char *format, long n)
{
	FILE *file = fopen(path, "w");
	bool done;

	if (!file)
		return false;
	done = fprintf(file, format, n) > 0;
	return !fclose(file) && done;
}

static bool have_free_pages(unsigned long pages)
{
	if (get_free_hugepages() >= pages)
		return true;
	write_number(POOL, "%ld", read_number(POOL) + pages);
	return get_free_hugepages() >= pages;
}

/* Wait: a kernel work item takes the huge page apart. */
static bool pool_becomes(long pages)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (read_number(POOL) == pages)
			return true;
		usleep(10000);
	}
	return false;
}

FIXTURE(kept)
{
	size_t size;
	size_t page;
	long pool;
	long lost;
	unsigned long pfn[8];
	int fd;
	char *map;
};

static bool kernel_has_flag(void)
{
	int fd = memfd_create("mf_keep", MFD_HUGETLB | MFD_MF_KEEP_UE_MAPPED);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

FIXTURE_SETUP(kept)
{
	size_t i;

	self->fd = -1;
	self->map = MAP_FAILED;
	self->size = default_huge_page_size();
	self->page = psize();
	if (geteuid())
		SKIP(return, "MADV_HWPOISON requires root");
	if (!self->size)
		SKIP(return, "the kernel has no huge pages");
	if (!kernel_has_flag())
		SKIP(return, "MFD_MF_KEEP_UE_MAPPED is not supported");
	if (!have_free_pages(2))
		SKIP(return, "two free huge pages are required");
	self->pool = read_number(POOL);

	self->fd = memfd_create("mf_keep", MFD_HUGETLB | MFD_MF_KEEP_UE_MAPPED);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, self->size));
	self->map = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	for (i = 0; i < self->size; i += self->page)
		memset(self->map + i, 'a' + i / self->page % 26, self->page);
	catch_sigbus();
}

/* Restore the lost pages, if the kernel can, and the size of the pool. */
FIXTURE_TEARDOWN(kept)
{
	long i;

	if (self->map != MAP_FAILED)
		munmap(self->map, self->size);
	close(self->fd);
	if (!self->lost)
		return;
	pool_becomes(self->pool - 1);
	for (i = 0; i < self->lost; i++)
		write_number(INJECT, "%ld", self->pfn[i]);
	write_number(POOL, "%ld", self->pool);
}

static void lose(struct __test_metadata *_metadata, struct _test_data_kept *self,
		 size_t page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	char *p = self->map + page * self->page;

	self->pfn[self->lost++] = pagemap_get_pfn(fd, p);
	close(fd);
	if (!madvise(p, self->page, MADV_HWPOISON))
		return;
	if (errno == EINVAL)
		SKIP(_exit(0), "CONFIG_MEMORY_FAILURE is off");
	ASSERT_EQ(EHWPOISON, errno);
}

TEST(flag)
{
	if (!kernel_has_flag())
		SKIP(return, "MFD_MF_KEEP_UE_MAPPED is not supported");
	EXPECT_EQ(-1, memfd_create("mf_keep", MFD_MF_KEEP_UE_MAPPED));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(kept, signal_names_the_base_page)
{
	lose(_metadata, self, RAW);
	EXPECT_EQ(1, sigbus.count);
	EXPECT_EQ(BUS_MCEERR_AR, sigbus.code);
	EXPECT_EQ(pshift(), sigbus.lsb);
	EXPECT_EQ(self->map + RAW * self->page, sigbus.addr);
}

TEST_F(kept, stays_mapped)
{
	size_t i;
	char *again;

	lose(_metadata, self, RAW);
	again = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, again);
	for (i = 0; i < self->size; i += self->page) {
		ASSERT_TRUE(can_load(self->map + i));
		ASSERT_TRUE(can_load(again + i));
		EXPECT_EQ('a' + i / self->page % 26, again[i]);
	}
	munmap(again, self->size);
}

TEST_F(kept, second_error_is_as_the_first)
{
	lose(_metadata, self, RAW);
	lose(_metadata, self, RAW + 2);
	EXPECT_EQ(2, sigbus.count);
	EXPECT_EQ(pshift(), sigbus.lsb);
	EXPECT_EQ(self->map + (RAW + 2) * self->page, sigbus.addr);
	EXPECT_TRUE(can_load(self->map + (RAW + 1) * self->page));
}

TEST_F(kept, read_stops_before_it)
{
	char *data = malloc(self->size);
	off_t raw = RAW * self->page;

	lose(_metadata, self, RAW);
	EXPECT_EQ(raw, pread(self->fd, data, self->size, 0));
	EXPECT_EQ('a' + RAW - 1, data[raw - 1]);
	EXPECT_EQ(-1, pread(self->fd, data, 1, raw));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pread(self->fd, data, 1, raw + self->page - 1));
	EXPECT_EQ(EIO, errno);
	raw += self->page;
	EXPECT_EQ(self->size - raw, pread(self->fd, data, self->size, raw));
	free(data);
}

/* The poisoned page starts a folio: the data before it are returned. */
TEST_F(kept, read_counts_what_came_before)
{
	char *data = malloc(2 * self->size);

	munmap(self->map, self->size);
	self->size *= 2;
	ASSERT_EQ(0, ftruncate(self->fd, self->size));
	self->map = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	self->map[self->size / 2] = 1;
	lose(_metadata, self, self->size / 2 / self->page);
	EXPECT_EQ(self->size / 2, read(self->fd, data, self->size));
	EXPECT_EQ(-1, read(self->fd, data, self->size));
	EXPECT_EQ(EIO, errno);
	free(data);
}

TEST_F(kept, fdinfo_has_the_ranges)
{
	char path[64], want[256], line[256], got[256] = "";
	size_t page = self->page;
	FILE *info;

	lose(_metadata, self, RAW);
	lose(_metadata, self, RAW + 4);
	lose(_metadata, self, RAW + 1);
	snprintf(want, sizeof(want),
		 "mf_keep_ue_mapped: 1\nmf_ue: %#zx+%#zx\nmf_ue: %#zx+%#zx\n",
		 RAW * page, 2 * page, (RAW + 4) * page, page);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->fd);
	info = fopen(path, "r");
	ASSERT_NE(NULL, info);
	while (fgets(line, sizeof(line), info))
		if (!strncmp(line, "mf_", 3) &&
		    strlen(got) + strlen(line) < sizeof(got))
			strcat(got, line);
	fclose(info);
	EXPECT_STREQ(want, got);
}

TEST_F(kept, pins_stop_before_it)
{
	char *data = malloc(self->size);
	struct iovec to = { data, self->size };
	struct iovec from = { self->map, self->size };

	lose(_metadata, self, RAW);
	EXPECT_EQ(RAW * self->page,
		  process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	from.iov_base = self->map + RAW * self->page;
	from.iov_len = self->page;
	EXPECT_EQ(-1, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	free(data);
}

/* Poison injected by software keeps its data, which shows what was zeroed. */
TEST_F(kept, hole_punch_leaves_it_alone)
{
	lose(_metadata, self, RAW);
	ASSERT_EQ(-1, fallocate(self->fd,
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				self->page, 4 * self->page));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ('a', self->map[0]);
	EXPECT_EQ(0, self->map[self->page]);
	EXPECT_EQ('a' + RAW, self->map[RAW * self->page]);
	EXPECT_EQ(0, self->map[(RAW + 1) * self->page]);
	EXPECT_EQ('a' + 5, self->map[5 * self->page]);
}

TEST_F(kept, no_private_copy)
{
	char *copy = mmap(NULL, self->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE, self->fd, 0);

	ASSERT_NE(MAP_FAILED, copy);
	lose(_metadata, self, RAW);
	EXPECT_TRUE(can_load(copy));
	EXPECT_FALSE(can_store(copy));
	munmap(copy, self->size);
}

TEST_F(kept, one_huge_page_leaves_the_pool)
{
	lose(_metadata, self, RAW);
	EXPECT_EQ(self->pool, read_number(POOL));
	munmap(self->map, self->size);
	self->map = MAP_FAILED;
	EXPECT_EQ(self->pool, read_number(POOL));
	ASSERT_EQ(0, ftruncate(self->fd, 0));
	EXPECT_TRUE(pool_becomes(self->pool - 1));
}

/* Control: none of the above holds without the flag. */
TEST(without_flag_all_is_lost)
{
	size_t size = default_huge_page_size();
	char *map;
	int fd;

	if (geteuid())
		SKIP(return, "MADV_HWPOISON requires root");
	if (!size || !have_free_pages(1))
		SKIP(return, "a free huge page is wanted");
	fd = memfd_create("mf_keep", MFD_HUGETLB);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, size));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	map[0] = 1;
	catch_sigbus();
	if (madvise(map + RAW * psize(), psize(), MADV_HWPOISON) &&
	    errno == EINVAL)
		SKIP(return, "CONFIG_MEMORY_FAILURE is off");
	EXPECT_FALSE(can_load(map));
	EXPECT_EQ(size, 1UL << sigbus.lsb);
	munmap(map, size);
	close(fd);
}

TEST_HARNESS_MAIN
