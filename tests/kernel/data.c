// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 5, 7 and 10: while a folio with poison is kept, every process
 * can access its healthy bytes, mapped huge.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <poison.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "filled.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pattern.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"
#include "sigbus.h"

/* Missing in glibc. */
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Sum over all mappings of this process. */
static long shared_hugetlb_kb(void)
{
	return procfile_value("/proc/self/smaps_rollup", "Shared_Hugetlb:") +
	       procfile_value("/proc/self/smaps_rollup", "Private_Hugetlb:");
}

/* Rules 5, 7: healthy bytes intact, mapped huge, no fault when read again. */
static void stays_mapped(struct __test_metadata *_metadata,
			 const struct filled *self)
{
	long faults;

	EXPECT_EQ(-1, filled_check(self, self->hp.map));
	faults = minor_faults();
	EXPECT_EQ(-1, filled_sample(self, self->hp.map));
	EXPECT_EQ(faults, minor_faults());
	filled_expect_in_place(_metadata, self, self->hp.map);
	EXPECT_EQ(self->hp.size >> 10, shared_hugetlb_kb());
	filled_expect_fatal(_metadata, self, self->hp.map);
}

/* Rule 7: a fault maps it again, however the mapping was dropped. */
static void faults_again(struct __test_metadata *_metadata, struct filled *self)
{
	ASSERT_EQ(0, madvise(self->hp.map, self->hp.size, MADV_DONTNEED));
	filled_expect_intact(_metadata, self, self->hp.map);
	ASSERT_EQ(0, munmap(self->hp.map, self->hp.size));
	self->hp.map = hugepage_map(&self->hp);
	filled_expect_intact(_metadata, self, self->hp.map);
}

/* Rule 7. */
static void maps_again(struct __test_metadata *_metadata, struct filled *self)
{
	char *twin = hugepage_map(&self->hp);

	filled_expect_intact(_metadata, self, twin);
	filled_expect_intact(_metadata, self, self->hp.map);
	munmap(twin, self->hp.size);
}

/* Rule 7: mremap() to a new address, aligned to the huge page. */
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
	filled_expect_intact(_metadata, self, to);
}

/* Rule 7: 0 if a child reads all healthy bytes and no others. */
static int read_by_child(const struct filled *self)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		struct sigbus seen;

		if (filled_sample(self, self->hp.map) >= 0)
			_exit(1);
		_exit(sigbus_on_load(self->hp.map + self->raw[0], &seen) &&
		      seen.addr == (uintptr_t)self->hp.map + self->raw[0] &&
		      seen.lsb == 12 ? 0 : 2);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* Rule 7: a private mapping can be read; copying the folio fails cleanly. */
static void private_copy_fails(struct __test_metadata *_metadata,
			       const struct filled *self)
{
	char *mine = mmap(NULL, self->hp.size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE, self->hp.fd, 0);
	struct sigbus seen;

	ASSERT_NE(MAP_FAILED, mine);
	ASSERT_FALSE(sigbus_on_load(mine, &seen));
	EXPECT_EQ(-1, filled_sample(self, mine));
	EXPECT_TRUE(sigbus_on_store(mine, &seen));
	EXPECT_TRUE(sigbus_on_store(mine + self->raw[1] + 3 * BASE_PAGE,
				    &seen));
	munmap(mine, self->hp.size);
	EXPECT_EQ(-1, filled_sample(self, self->hp.map));
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
	EXPECT_EQ(-1, filled_check(&self->f, self->f.hp.map));
}

TEST_F(kept, maps_again)
{
	maps_again(_metadata, &self->f);
}

TEST_F(kept, moves)
{
	moves(_metadata, &self->f);
	EXPECT_EQ(-1, filled_check(&self->f, self->f.hp.map));
}

TEST_F(kept, read_by_child)
{
	EXPECT_EQ(0, read_by_child(&self->f));
}

TEST_F(kept, private_copy_fails)
{
	private_copy_fails(_metadata, &self->f);
}

/* Rule 7: writes to healthy base pages persist and other mappings see them. */
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
	filled_expect_intact(_metadata, &self->f, map);
}

/* Rule 10: soft offline would move the folio, and with it the poison. */
TEST_F(kept, not_soft_offlined)
{
	EXPECT_NE(0, madvise(self->f.hp.map + 10 * BASE_PAGE, BASE_PAGE,
			     MADV_SOFT_OFFLINE));
	filled_expect_intact(_metadata, &self->f, self->f.hp.map);
}

/* Rule 10: not migrated, neither to the other node nor within its own. */
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
	filled_expect_intact(_metadata, &self->f, self->f.hp.map);
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

/* Rules 5, 9: the process' own loads can still read every byte. */
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

	ASSERT_EQ(-1, fallocate(self->hp.fd,
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 64,
				2 * BASE_PAGE));
	ASSERT_EQ(EIO, errno);
	ASSERT_FALSE(sigbus_on_load(self->hp.map, &seen));
	EXPECT_EQ(-1, pattern_check(self->hp.map, 0, BASE_PAGE));
	EXPECT_EQ(0, self->hp.map[BASE_PAGE]);
	EXPECT_EQ(-1, pattern_check(self->hp.map + 2 * BASE_PAGE + 64,
				    2 * BASE_PAGE + 64, BASE_PAGE - 64));
}

/* Rule 8: read(2) follows the record, whether or not a load would trap. */
TEST_F(simulated, read_eio)
{
	static char data[BASE_PAGE] __attribute__((aligned(4096)));

	CONTROL_SAME();
	EXPECT_EQ(-1, pread(self->hp.fd, data, BASE_PAGE, 0));
	EXPECT_EQ(EIO, errno);
	ASSERT_EQ(BASE_PAGE, pread(self->hp.fd, data, BASE_PAGE, BASE_PAGE));
	EXPECT_EQ(-1, pattern_check(data, BASE_PAGE, BASE_PAGE));
}

/* The same, up to the next raw page, and not a byte of that. */
TEST_F(simulated, read_ends_at_raw_page)
{
	static char data[4 * BASE_PAGE];

	ASSERT_EQ(0, error_raise(&self->hp, 3 * BASE_PAGE, ERROR_INJECT, NULL));
	EXPECT_EQ(2 * BASE_PAGE, pread(self->hp.fd, data, sizeof(data), BASE_PAGE));
	EXPECT_EQ(BASE_PAGE - 7, pread(self->hp.fd, data, BASE_PAGE, 2 * BASE_PAGE + 7));
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
	private_copy_fails(_metadata, &self->f);
}

TEST_HARNESS_MAIN
