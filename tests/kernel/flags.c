// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 1 and 2: the flag of memfd_create() and the lines of fdinfo.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/memfd.h>
#include <poison.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <kselftest_harness.h>

#include "control.h"
#include "fdinfo.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pin.h"
#include "polling.h"
#include "pool.h"
#include "raise.h"
#include "sigbus.h"

/* Older headers lack these. */
#ifndef MFD_EXEC
#define MFD_NOEXEC_SEAL	0x0008U
#define MFD_EXEC	0x0010U
#endif

#define KEEP		MFD_MF_KEEP_UE_MAPPED
#define FIRST_UNKNOWN	0x0040U
#define SHIFT_2M	(21U << MFD_HUGE_SHIFT)
#define SHIFT_1G	(30U << MFD_HUGE_SHIFT)

/* 0, or the errno of memfd_create(). */
static int create_error(unsigned int flags)
{
	int fd = memfd_create("flags", flags);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Rule 1: EINVAL without MFD_HUGETLB, until shmem is supported. */
TEST(refused_without_hugetlb)
{
	CONTROL_SAME();
	EXPECT_EQ(EINVAL, create_error(KEEP));
	EXPECT_EQ(EINVAL, create_error(KEEP | MFD_CLOEXEC));
	EXPECT_EQ(EINVAL, create_error(KEEP | MFD_ALLOW_SEALING));
	EXPECT_EQ(EINVAL, create_error(KEEP | MFD_NOEXEC_SEAL));
	EXPECT_EQ(EINVAL, create_error(KEEP | SHIFT_2M));
	EXPECT_EQ(0, create_error(MFD_CLOEXEC));
}

TEST(unknown_flags_refused)
{
	unsigned int flag;

	CONTROL_SAME();
	for (flag = FIRST_UNKNOWN; flag < 1U << MFD_HUGE_SHIFT; flag <<= 1) {
		EXPECT_EQ(EINVAL, create_error(flag));
		EXPECT_EQ(EINVAL, create_error(flag | MFD_HUGETLB));
		EXPECT_EQ(EINVAL, create_error(flag | MFD_HUGETLB | KEEP));
	}
}

/* Rule 1: with MFD_HUGETLB, any huge page size is accepted. */
TEST(every_size_accepted)
{
	CONTROL_READY();
	EXPECT_EQ(0, create_error(MFD_HUGETLB | KEEP));
	EXPECT_EQ(0, create_error(MFD_HUGETLB | KEEP | SHIFT_2M));
	EXPECT_EQ(0, create_error(MFD_HUGETLB | KEEP | SHIFT_1G));
}

TEST(other_flags_go_with_it)
{
	const unsigned int base = MFD_HUGETLB | SHIFT_2M | KEEP;

	CONTROL_READY();
	EXPECT_EQ(0, create_error(base | MFD_CLOEXEC));
	EXPECT_EQ(0, create_error(base | MFD_ALLOW_SEALING));
	EXPECT_EQ(0, create_error(base | MFD_NOEXEC_SEAL));
	EXPECT_EQ(0, create_error(base | MFD_EXEC));
	EXPECT_EQ(EINVAL, create_error(base | MFD_EXEC | MFD_NOEXEC_SEAL));
}

/* A size that the machine does not have fails as it does without the flag. */
TEST(size_without_pool)
{
	unsigned int shift;

	CONTROL_READY();
	for (shift = 13; shift < 40; shift++) {
		unsigned int flags = MFD_HUGETLB | shift << MFD_HUGE_SHIFT;

		EXPECT_EQ(create_error(flags), create_error(flags | KEEP));
	}
}

FIXTURE(policy)
{
	int fd;
};

FIXTURE_SETUP(policy)
{
	self->fd = hugepage_memfd(SIZE_2M);
	ASSERT_LE(0, self->fd);
	CONTROL_READY();
}

FIXTURE_TEARDOWN(policy)
{
	close(self->fd);
}

/* Rule 2. */
TEST_F(policy, shown_by_fdinfo)
{
	EXPECT_TRUE(fdinfo_policy(self->fd));
	EXPECT_STREQ("", fdinfo_ranges(self->fd));
}

/* Every way in which user space can change a file after its creation. */
static void try_to_change(int fd)
{
	int attributes = 0;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) ^ O_NONBLOCK ^ O_APPEND);
	fcntl(fd, F_SETFL, KEEP);
	fcntl(fd, F_SETFL, 0);
	fcntl(fd, F_ADD_SEALS, KEEP);
	fcntl(fd, F_SETFD, KEEP);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (!ioctl(fd, FS_IOC_GETFLAGS, &attributes)) {
		attributes ^= KEEP;
		ioctl(fd, FS_IOC_SETFLAGS, &attributes);
	}
	ioctl(fd, FS_IOC_SETFLAGS, &attributes);
	fchmod(fd, 0600);
	if (ftruncate(fd, SIZE_2M) || ftruncate(fd, 0))
		perror("ftruncate");
}

static int reopen(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* Rule 1: a flag that is set cannot be cleared. */
TEST_F(policy, not_clearable)
{
	int again;

	try_to_change(self->fd);
	EXPECT_TRUE(fdinfo_policy(self->fd));
	again = reopen(self->fd);
	ASSERT_LE(0, again);
	try_to_change(again);
	EXPECT_TRUE(fdinfo_policy(again));
	EXPECT_TRUE(fdinfo_policy(self->fd));
	close(again);
}

/* Rule 1: it cannot be set after creation. */
TEST(not_settable)
{
	int fd, again;

	CONTROL_SAME();
	fd = memfd_create("plain", MFD_HUGETLB | SHIFT_2M);
	ASSERT_LE(0, fd);
	EXPECT_FALSE(fdinfo_any(fd));
	try_to_change(fd);
	again = reopen(fd);
	ASSERT_LE(0, again);
	try_to_change(again);
	EXPECT_FALSE(fdinfo_any(fd));
	EXPECT_FALSE(fdinfo_any(again));
	close(again);
	close(fd);
}

FIXTURE(ranges)
{
	struct hugepage hp;
};

FIXTURE_VARIANT(ranges)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(ranges, 2M) { .size = SIZE_2M };

FIXTURE_SETUP(ranges)
{
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(variant->size, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, variant->size));
	CONTROL_READY();
}

/* The release ends later, and programs that come next count free memory. */
FIXTURE_TEARDOWN(ranges)
{
	hugepage_close(&self->hp);
	if (!policy_omitted())
		EXPECT_TRUE(poll_until(kmsg_count("%#lx: kept huge page left the pool",
						  hugepage_pfn(&self->hp, 0))));
}

/* Rule 2: bytes, hex, sorted, merged, in whatever order the errors came. */
TEST_F(ranges, sorted_and_merged)
{
	static const size_t pages[] = { 9, 511, 7, 0, 8, 100 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		ASSERT_EQ(0, error_raise(&self->hp, pages[i] * BASE_PAGE,
					 ERROR_INJECT, NULL));
	EXPECT_STREQ("0x0+0x1000 0x7000+0x3000 0x64000+0x1000 0x1ff000+0x1000",
		     fdinfo_ranges(self->hp.fd));
}

/* Rule 2: a successor reads it by its own descriptor, without any access. */
TEST_F(ranges, seen_by_all_descriptors)
{
	int again;

	ASSERT_EQ(0, error_raise(&self->hp, BASE_PAGE, ERROR_INJECT, NULL));
	again = reopen(self->hp.fd);
	ASSERT_LE(0, again);
	munmap(self->hp.map, self->hp.size);
	EXPECT_STREQ("0x1000+0x1000", fdinfo_ranges(again));
	close(again);
}

/* Rule 2: file offsets, also after the first folio; gone with the folio. */
TEST_F(ranges, second_folio_and_truncation)
{
	struct hugepage second = self->hp;

	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, ftruncate(self->hp.fd, 2 * SIZE_2M));
	second.map = mmap(NULL, SIZE_2M, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->hp.fd, SIZE_2M);
	ASSERT_NE(MAP_FAILED, second.map);
	*(volatile char *)second.map = 1;
	second.pa = pagemap_pfn(second.map) * BASE_PAGE;
	ASSERT_EQ(0, error_raise(&self->hp, SIZE_2M - BASE_PAGE, ERROR_INJECT,
				 NULL));
	ASSERT_EQ(0, error_raise(&second, 0, ERROR_INJECT, NULL));
	EXPECT_STREQ("0x1ff000+0x2000", fdinfo_ranges(self->hp.fd));
	ASSERT_EQ(0, ftruncate(self->hp.fd, SIZE_2M));
	EXPECT_STREQ("0x1ff000+0x1000", fdinfo_ranges(self->hp.fd));
	munmap(second.map, SIZE_2M);
}

/* Lost ranges stay on the record while the file is sealed and afterwards. */
static void expect_sealed(struct __test_metadata *_metadata,
			  const struct hugepage *hp, int seal, int error)
{
	static const char ranges[] = "0x2000+0x1000 0x64000+0x1000";

	errno = 0;
	EXPECT_EQ(error ? -1 : 0, fcntl(hp->fd, F_ADD_SEALS, seal));
	EXPECT_EQ(error, errno);
	EXPECT_STREQ(ranges, fdinfo_ranges(hp->fd));
}

/*
 * Rule 2: to seal a file against writes, the kernel marks its pinned pages,
 * waits for them, and clears these marks.  It must not clear any others.
 */
TEST_F(ranges, sealed)
{
	struct hugepage *hp = &self->hp;
	int pin;

	ASSERT_EQ(0, error_raise(hp, 2 * BASE_PAGE, ERROR_INJECT, NULL));
	ASSERT_EQ(0, error_raise(hp, 100 * BASE_PAGE, ERROR_INJECT, NULL));
	expect_sealed(_metadata, hp, F_SEAL_FUTURE_WRITE, 0);
	expect_sealed(_metadata, hp, F_SEAL_WRITE, EBUSY);
	EXPECT_EQ(1, pin_in_pipe(hp->map + BASE_PAGE, 1, &pin));
	munmap(hp->map, hp->size);
	expect_sealed(_metadata, hp, F_SEAL_WRITE, EBUSY);
	close(pin);
	expect_sealed(_metadata, hp, F_SEAL_WRITE, 0);
	expect_sealed(_metadata, hp, F_SEAL_SEAL, 0);
	ASSERT_EQ(0, error_raise(hp, 3 * BASE_PAGE, ERROR_INJECT, NULL));
	EXPECT_STREQ("0x2000+0x2000 0x64000+0x1000", fdinfo_ranges(hp->fd));
}

/* The free page that was used last is used next on its node. */
static void stay_on_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof(here), &here);
}

/* Rule 1: files without the flag behave as before, also with pages that were kept. */
TEST(no_effect_without_it)
{
	struct hugepage hp, kept;
	struct sigbus seen;
	struct pool before, after;

	CONTROL_SAME();
	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	stay_on_cpu();
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&kept, SIZE_2M));
	hugepage_close(&kept);
	ASSERT_EQ(0, hugepage_create_plain(&hp, SIZE_2M));
	ASSERT_EQ(kept.pa, hp.pa);
	ASSERT_EQ(0, pool_read(SIZE_2M, &before));
	ASSERT_EQ(0, error_raise(&hp, 3 * BASE_PAGE, ERROR_MADVISE, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
	EXPECT_EQ(21, seen.lsb);
	EXPECT_FALSE(fdinfo_any(hp.fd));
	ASSERT_TRUE(sigbus_on_load(hp.map, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
	EXPECT_EQ(21, seen.lsb);
	EXPECT_EQ(0, pagemap_pfn(hp.map));
	hugepage_close(&hp);
	ASSERT_EQ(0, pool_read(SIZE_2M, &after));
	EXPECT_EQ(before.nr, after.nr);
	EXPECT_EQ(before.free, after.free);
	EXPECT_TRUE(page_flags(hp.pa / BASE_PAGE) & PAGE_HWPOISON);
}

TEST_HARNESS_MAIN
