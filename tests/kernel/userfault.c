// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 7, 8 and 10: userfaultfd on files with kept folios.  Faults for a
 * monitor raise SIGBUS here instead (UFFD_FEATURE_SIGBUS).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poison.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <kselftest_harness.h>

#include "control.h"
#include "filled.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pattern.h"
#include "pool.h"
#include "sigbus.h"

/* Folios of the file: the first and the last have errors, one is missing. */
enum { BROKEN, WHOLE, HOLE, BROKEN_TOO, FOLIOS };

#define AT(folio)	((folio) * SIZE_2M)
#define FEATURES	(UFFD_FEATURE_MINOR_HUGETLBFS | UFFD_FEATURE_SIGBUS | \
			 UFFD_FEATURE_POISON |				\
			 UFFD_FEATURE_PAGEFAULT_FLAG_WP |		\
			 UFFD_FEATURE_WP_HUGETLBFS_SHMEM)

FIXTURE(file)
{
	struct filled folio[FOLIOS];
	int fd, uffd;
	char *map;	/* of the whole file, registered; folios use another */
};

static char *map_file(int fd)
{
	return mmap(NULL, AT(FOLIOS), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
}

static int open_uffd(void)
{
	struct uffdio_api api = { .api = UFFD_API, .features = FEATURES };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	return ioctl(fd, UFFDIO_API, &api) ? -1 : fd;
}

FIXTURE_SETUP(file)
{
	char *map;
	int i;

	ASSERT_EQ(0, pool_want(SIZE_2M, FOLIOS + 1));
	self->fd = hugepage_memfd(SIZE_2M);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, AT(FOLIOS)));
	map = map_file(self->fd);
	self->map = map_file(self->fd);
	self->uffd = open_uffd();
	ASSERT_LE(0, self->uffd);
	for (i = 0; i < FOLIOS; i++) {
		struct hugepage *hp = &self->folio[i].hp;

		*hp = (struct hugepage){ .size = SIZE_2M, .fd = self->fd };
		hp->map = map + AT(i);
		if (i == HOLE)
			continue;
		pattern_fill(hp->map, 0, SIZE_2M);
		hp->pa = pagemap_pfn(hp->map) * BASE_PAGE;
	}
	filled_break(_metadata, &self->folio[BROKEN]);
	filled_break(_metadata, &self->folio[BROKEN_TOO]);
}

FIXTURE_TEARDOWN_PARENT(file)
{
	lab_poison_clear();
}

static int watch(int uffd, const char *map, unsigned long long mode)
{
	struct uffdio_register reg = {
		.range = { (uintptr_t)map, AT(FOLIOS) },
		.mode = mode,
	};

	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

static int unwatch(int uffd, const char *map)
{
	struct uffdio_range range = { (uintptr_t)map, AT(FOLIOS) };

	return ioctl(uffd, UFFDIO_UNREGISTER, &range) ? -errno : 0;
}

/* Bytes mapped, or -errno if there are none. */
static long fill_in(int uffd, const char *map, size_t len)
{
	struct uffdio_continue arg = { .range = { (uintptr_t)map, len } };
	int err = ioctl(uffd, UFFDIO_CONTINUE, &arg);

	return err && arg.mapped <= 0 ? -errno : arg.mapped;
}

static long copy_in(int uffd, const char *map, const char *from, size_t len)
{
	struct uffdio_copy arg = {
		.dst = (uintptr_t)map,
		.src = (uintptr_t)from,
		.len = len,
	};
	int err = ioctl(uffd, UFFDIO_COPY, &arg);

	return err && arg.copy <= 0 ? -errno : arg.copy;
}

static int write_protect(int uffd, const char *map, bool protect)
{
	struct uffdio_writeprotect arg = {
		.range = { (uintptr_t)map, SIZE_2M },
		.mode = protect ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &arg) ? -errno : 0;
}

static int mark_poisoned(int uffd, const char *map)
{
	struct uffdio_poison arg = { .range = { (uintptr_t)map, SIZE_2M } };

	return ioctl(uffd, UFFDIO_POISON, &arg) ? -errno : 0;
}

static void expect_both_intact(struct __test_metadata *_metadata,
			       const struct filled *folio, const char *map)
{
	filled_expect_intact(_metadata, &folio[BROKEN], map + AT(BROKEN));
	filled_expect_intact(_metadata, &folio[BROKEN_TOO],
			     map + AT(BROKEN_TOO));
}

/* Rule 10: UFFDIO_CONTINUE of several folios at once, and of each alone. */
TEST_F(file, minor)
{
	int64_t hits = lab_poison_hits();
	struct sigbus seen;

	ASSERT_EQ(0, watch(self->uffd, self->map, UFFDIO_REGISTER_MODE_MINOR));
	EXPECT_TRUE(sigbus_on_load(self->map, &seen));
	EXPECT_EQ(BUS_ADRERR, seen.code);
	EXPECT_EQ((long)AT(HOLE), fill_in(self->uffd, self->map, AT(FOLIOS)));
	EXPECT_EQ(-EFAULT, fill_in(self->uffd, self->map + AT(HOLE), SIZE_2M));
	EXPECT_EQ((long)SIZE_2M, fill_in(self->uffd, self->map +
					 AT(BROKEN_TOO), SIZE_2M));
	EXPECT_EQ(-EEXIST, fill_in(self->uffd, self->map, SIZE_2M));
	EXPECT_EQ(hits, lab_poison_hits());
	expect_both_intact(_metadata, self->folio, self->map);
}

/* Rule 7: a hole is filled next to kept folios, which are not holes. */
TEST_F(file, missing)
{
	const char *whole = self->folio[WHOLE].hp.map;
	int64_t hits = lab_poison_hits();
	struct sigbus seen;

	ASSERT_EQ(0, watch(self->uffd, self->map,
			   UFFDIO_REGISTER_MODE_MISSING));
	EXPECT_TRUE(sigbus_on_load(self->map + AT(HOLE), &seen));
	EXPECT_EQ(BUS_ADRERR, seen.code);
	EXPECT_EQ((long)SIZE_2M, copy_in(self->uffd, self->map + AT(HOLE),
					 whole, SIZE_2M));
	EXPECT_EQ(-EEXIST, copy_in(self->uffd, self->map + AT(BROKEN), whole,
				   SIZE_2M));
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(-1, pattern_check(self->map + AT(HOLE), 0, SIZE_2M));
	expect_both_intact(_metadata, self->folio, self->map);
}

/* Rule 8: copying from poison fails, and no page of the pool is lost. */
TEST_F(file, missing_copies_poison)
{
	int64_t hits = lab_poison_hits();
	struct pool before, after;
	struct sigbus seen;

	ASSERT_EQ(0, watch(self->uffd, self->map,
			   UFFDIO_REGISTER_MODE_MISSING));
	ASSERT_EQ(0, pool_read(SIZE_2M, &before));
	EXPECT_EQ(-EFAULT, copy_in(self->uffd, self->map + AT(HOLE),
				   self->folio[BROKEN].hp.map, SIZE_2M));
	EXPECT_LT(hits, lab_poison_hits());
	ASSERT_EQ(0, pool_read(SIZE_2M, &after));
	EXPECT_EQ(before.free, after.free);
	EXPECT_EQ(before.resv, after.resv);
	EXPECT_TRUE(sigbus_on_load(self->map + AT(HOLE), &seen));
	EXPECT_EQ(BUS_ADRERR, seen.code);
	expect_both_intact(_metadata, self->folio, self->map);
}

static void expect_marked(struct __test_metadata *_metadata, const char *map)
{
	struct sigbus seen;

	EXPECT_TRUE(sigbus_on_load(map + 10 * BASE_PAGE, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
	EXPECT_EQ(21, seen.lsb);
}

/*
 * Rule 7: a poison marker belongs to a mapping and hides a whole folio from
 * this mapping only.  When it is removed, either way, the folio is back.
 */
TEST_F(file, poison_marker)
{
	struct filled *broken = &self->folio[BROKEN];

	ASSERT_EQ(0, watch(self->uffd, self->map, UFFDIO_REGISTER_MODE_MINOR));
	ASSERT_EQ(0, mark_poisoned(self->uffd, self->map));
	expect_marked(_metadata, self->map);
	filled_expect_intact(_metadata, broken, broken->hp.map);
	EXPECT_EQ((long)SIZE_2M, fill_in(self->uffd, self->map, SIZE_2M));
	filled_expect_intact(_metadata, broken, self->map);
	EXPECT_EQ(-EEXIST, mark_poisoned(self->uffd, self->map));

	ASSERT_EQ(0, madvise(self->map, SIZE_2M, MADV_DONTNEED));
	ASSERT_EQ(0, mark_poisoned(self->uffd, self->map));
	expect_marked(_metadata, self->map);
	ASSERT_EQ(0, madvise(self->map, SIZE_2M, MADV_DONTNEED));
	ASSERT_EQ(0, unwatch(self->uffd, self->map));
	filled_expect_intact(_metadata, broken, self->map);
}

/* Rule 7: raw pages stay raw while write-protected and afterwards. */
TEST_F(file, write_protected)
{
	struct sigbus seen;

	expect_both_intact(_metadata, self->folio, self->map);
	ASSERT_EQ(0, watch(self->uffd, self->map, UFFDIO_REGISTER_MODE_WP));
	ASSERT_EQ(0, write_protect(self->uffd, self->map, true));
	expect_both_intact(_metadata, self->folio, self->map);
	EXPECT_TRUE(sigbus_on_store(self->map + 10 * BASE_PAGE, &seen));
	EXPECT_EQ(BUS_ADRERR, seen.code);
	ASSERT_EQ(0, write_protect(self->uffd, self->map, false));
	EXPECT_FALSE(sigbus_on_store(self->map + 10 * BASE_PAGE, &seen));
	ASSERT_EQ(0, write_protect(self->uffd, self->map, true));
	ASSERT_EQ(0, unwatch(self->uffd, self->map));
	EXPECT_FALSE(sigbus_on_store(self->map + 11 * BASE_PAGE, &seen));
	filled_expect_fatal(_metadata, &self->folio[BROKEN], self->map);
}

TEST_HARNESS_MAIN
