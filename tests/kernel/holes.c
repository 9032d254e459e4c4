// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 7 and 8: fallocate() and ftruncate() of a file with kept folios.
 * Folios that stay are neither zeroed nor replaced; when the kernel has to zero
 * part of one, it skips the poison.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "fdinfo.h"
#include "filled.h"
#include "hugepage.h"
#include "pattern.h"
#include "polling.h"
#include "pool.h"
#include "sigbus.h"

#define HOLE	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

FIXTURE(kept)
{
	struct filled f;
	struct pool pool;
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	filled_create(_metadata, &self->f, SIZE_2M);
	ASSERT_EQ(0, pool_read(SIZE_2M, &self->pool));
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	lab_poison_clear();
}

/* The folio and the number of pages in use have not changed. */
static void expect_untouched(struct __test_metadata *_metadata,
			     const struct filled *f, const struct pool *before)
{
	struct pool now;

	ASSERT_EQ(0, pool_read(SIZE_2M, &now));
	EXPECT_EQ(before->nr, now.nr);
	EXPECT_EQ(before->free, now.free);
	filled_expect_intact(_metadata, f, f->hp.map);
	EXPECT_EQ(-1, filled_check(f, f->hp.map));
}

/* Rule 7: the file has its folio already, so nothing is allocated. */
TEST_F(kept, fallocate)
{
	EXPECT_EQ(0, fallocate(self->f.hp.fd, 0, 0, SIZE_2M));
	EXPECT_EQ(0, fallocate(self->f.hp.fd, 0, self->f.raw[0], BASE_PAGE));
	expect_untouched(_metadata, &self->f, &self->pool);
}

/* Rule 7: a hugetlb file ends at a huge page, so no folio loses a part. */
TEST_F(kept, truncate_amid_folio)
{
	EXPECT_EQ(-1, ftruncate(self->f.hp.fd, self->f.raw[1]));
	EXPECT_EQ(EINVAL, errno);
	expect_untouched(_metadata, &self->f, &self->pool);
}

/* Rule 7: changes of the file after the folio do not affect the folio. */
TEST_F(kept, file_grows_and_shrinks)
{
	EXPECT_EQ(0, ftruncate(self->f.hp.fd, 2 * SIZE_2M));
	EXPECT_EQ(0, fallocate(self->f.hp.fd, 0, 0, 2 * SIZE_2M));
	EXPECT_EQ(0, ftruncate(self->f.hp.fd, SIZE_2M));
	expect_untouched(_metadata, &self->f, &self->pool);
}

/* Zeroed from @start to @end and nowhere else; the raw pages are unchanged. */
static void expect_zeroed(struct __test_metadata *_metadata,
			  const struct filled *f, size_t start, size_t end)
{
	const char *map = f->hp.map;
	size_t at;

	for (at = 0; at < f->hp.size; at += 64) {
		if (filled_is_raw(f, at))
			continue;
		if (at >= start && at < end) {
			ASSERT_EQ(0, map[at] | map[at + 63]);
			continue;
		}
		ASSERT_EQ(-1, pattern_check(map + at, at, 64));
	}
	filled_expect_fatal(_metadata, f, map);
}

/*
 * Rule 8.  Stock writes to the raw page, which is no longer mapped: an oops
 * with the file locked.  So a child does everything, and this process can end
 * without it.
 */
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

/* Exit status of a child that has not failed an assertion. */
#define CHILD_DONE	42

static bool ends_well(pid_t pid)
{
	int status = -1;

	return poll_until(waitpid(pid, &status, WNOHANG) == pid) &&
	       WIFEXITED(status) && WEXITSTATUS(status) == CHILD_DONE;
}

static void refill(const struct filled *f)
{
	size_t at;

	for (at = 0; at < f->hp.size; at += BASE_PAGE)
		if (!filled_is_raw(f, at))
			pattern_fill(f->hp.map + at, at, BASE_PAGE);
}

/*
 * The healthy lines of a raw page keep their data, so a hole that includes such
 * a page returns EIO; all other pages are zeroed.
 */
static int hole_error(const struct filled *f, size_t start, size_t end)
{
	size_t i;

	for (i = 0; i < RAW_PAGES; i++)
		if (start < f->raw[i] + BASE_PAGE && f->raw[i] < end)
			return EIO;
	return 0;
}

static void expect_hole(struct __test_metadata *_metadata,
			const struct filled *f, size_t start, size_t end)
{
	int64_t hits = lab_poison_hits();

	refill(f);
	errno = 0;
	EXPECT_EQ(hole_error(f, start, end) ? -1 : 0,
		  fallocate(f->hp.fd, HOLE, start, end - start));
	EXPECT_EQ(hole_error(f, start, end), errno);
	EXPECT_EQ(hits, lab_poison_hits());
	expect_zeroed(_metadata, f, start, end);
}

static void expect_removed(struct __test_metadata *_metadata,
			   const struct filled *f, size_t start, size_t end)
{
	refill(f);
	EXPECT_EQ(-1, madvise(f->hp.map + start, end - start, MADV_REMOVE));
	EXPECT_EQ(EIO, errno);
	expect_zeroed(_metadata, f, start, end);
}

/* The raw pages are the fourth, and two in the middle. */
TEST_F(punched, partly)
{
	const size_t raw = 3 * BASE_PAGE, half = SIZE_2M / 2;
	const struct filled *f = &self->f;
	pid_t pid = fork();

	if (!pid) {
		filled_create(_metadata, &self->f, SIZE_2M);
		expect_hole(_metadata, f, raw - BASE_PAGE + 64,
			    raw + BASE_PAGE + 64);
		expect_hole(_metadata, f, raw + 64, raw + 128);
		expect_hole(_metadata, f, 0, raw + BASE_PAGE);
		expect_hole(_metadata, f, half, half + 2 * BASE_PAGE);
		expect_hole(_metadata, f, half - 64, SIZE_2M);
		expect_hole(_metadata, f, 0, raw);
		expect_hole(_metadata, f, raw + BASE_PAGE, half);
		expect_removed(_metadata, f, BASE_PAGE, half + BASE_PAGE);
		ASSERT_EQ(0, _metadata->exit_code);
		_exit(CHILD_DONE);
	}
	EXPECT_TRUE(ends_well(pid));
}

/* Three folios with poison: the hole covers only the second completely. */
FIXTURE(spanned)
{
	struct filled part[3];
	struct pool pool;
};

FIXTURE_SETUP(spanned)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 3));
	ASSERT_EQ(0, pool_read(SIZE_2M, &self->pool));
}

FIXTURE_TEARDOWN_PARENT(spanned)
{
	lab_poison_clear();
}

static void create_three(struct __test_metadata *_metadata,
			 struct filled *part)
{
	int i, fd = hugepage_memfd(SIZE_2M);
	char *map;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, 3 * SIZE_2M));
	map = mmap(NULL, 3 * SIZE_2M, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   0);
	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < 3; i++) {
		part[i].hp = (struct hugepage){
			.size = SIZE_2M,
			.fd = fd,
			.map = map + i * SIZE_2M,
		};
		*part[i].hp.map = 1;
		part[i].hp.pa = pagemap_pfn(part[i].hp.map) * BASE_PAGE;
		filled_break(_metadata, &part[i]);
	}
}

/* Rules 8 and 11: the first and third are zeroed in part, the second goes. */
TEST_F(spanned, punched_amid_both_ends)
{
	const size_t from = 2 * BASE_PAGE, to = SIZE_2M / 2 + 3 * BASE_PAGE;
	struct filled *part = self->part;
	struct pool pool;
	pid_t pid = fork();
	int64_t hits;

	if (!pid) {
		create_three(_metadata, part);
		hits = lab_poison_hits();
		EXPECT_EQ(-1, fallocate(part[0].hp.fd, HOLE, from,
					2 * SIZE_2M + to - from));
		EXPECT_EQ(EIO, errno);
		EXPECT_EQ(hits, lab_poison_hits());
		EXPECT_TRUE(pool_wait_nr(SIZE_2M, self->pool.nr - 1, &pool));
		EXPECT_EQ(self->pool.free - 3, pool.free);
		expect_zeroed(_metadata, &part[0], from, SIZE_2M);
		expect_zeroed(_metadata, &part[2], 0, to);
		EXPECT_STREQ("0x3000+0x1000 0x100000+0x2000 "
			     "0x403000+0x1000 0x500000+0x2000",
			     fdinfo_ranges(part[0].hp.fd));
		ASSERT_EQ(0, _metadata->exit_code);
		_exit(CHILD_DONE);
	}
	EXPECT_TRUE(ends_well(pid));
}

TEST_HARNESS_MAIN
