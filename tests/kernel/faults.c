// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 6 and 13: an allocation fails while an error is recorded or a
 * folio is released.  Needs a kernel with fault injection (keep-debug).
 *
 * The control has the same kernel and policy, but no allocation fails: then no
 * folio may be retired or have to wait.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "counters.h"
#include "exhaust.h"
#include "fault.h"
#include "fdinfo.h"
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

#define BASE_PAGE_SHIFT	12
#define BAD		5	/* the base page with the error */
#define SPARE_KB	(192 << 10)

static bool no_faults;

struct scene {
	struct hugepage hp;
	struct pool pool;
	struct error_counters errors;
	int self;
};

static void scene_open(struct __test_metadata *_metadata, struct scene *s,
		       size_t size)
{
	size_t offset;

	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(size, 1));
	ASSERT_EQ(0, pool_read(size, &s->pool));
	error_counters_read(&s->errors);
	ASSERT_EQ(0, hugepage_create(&s->hp, size));
	for (offset = 0; offset < size; offset += BASE_PAGE)
		pattern_fill(s->hp.map + offset, offset, sizeof(uint64_t));
	s->self = fault_self_open();
	ASSERT_LE(0, s->self);
}

static void scene_close(void)
{
	fault_disarm(FAULT_SLAB);
	fault_disarm(FAULT_PAGES);
	fault_unbound_workers(false);
}

static unsigned long scene_pfn(const struct scene *s)
{
	return s->hp.pa / BASE_PAGE;
}

/* How many base pages of the folio have @flag; -1 if that is unknown. */
static long count_flagged(const struct scene *s, uint64_t flag)
{
	size_t nr = s->hp.size / BASE_PAGE, i;
	uint64_t *flags = calloc(nr, sizeof(*flags));
	long n = -1;

	if (flags && !page_flags_read(scene_pfn(s), nr, flags))
		for (n = 0, i = 0; i < nr; i++)
			n += !!(flags[i] & flag);
	free(flags);
	return n;
}

/* Out of use as a whole: no base page of it has been freed. */
static void expect_whole(struct __test_metadata *_metadata,
			 const struct scene *s)
{
	EXPECT_EQ((long)(s->hp.size / BASE_PAGE), count_flagged(s, PAGE_HUGE));
	EXPECT_EQ(1, count_flagged(s, PAGE_COMPOUND_HEAD));
	EXPECT_EQ(0, count_flagged(s, PAGE_BUDDY));
}

/* Rule 14: the pool no longer counts it. */
static void expect_out_of_pool(struct __test_metadata *_metadata,
			       const struct scene *s)
{
	struct pool pool;

	ASSERT_TRUE(pool_wait_nr(s->hp.size, s->pool.nr - 1, &pool));
	EXPECT_EQ(s->pool.free - 1, pool.free);
	EXPECT_EQ(s->pool.resv, pool.resv);
	EXPECT_EQ(s->pool.surplus, pool.surplus);
	EXPECT_EQ(s->pool.node_nr - 1, pool.node_nr);
	EXPECT_EQ(s->pool.node_free - 1, pool.node_free);
}

static void expect_counted(struct __test_metadata *_metadata,
			   const struct scene *s, long n)
{
	struct error_counters now;

	error_counters_read(&now);
	EXPECT_EQ(s->errors.corrupted_kb + 4 * n, now.corrupted_kb);
	EXPECT_EQ(s->errors.recovered + n, now.recovered);
	EXPECT_EQ(s->errors.failed, now.failed);
}

/*
 * Rule 6
 */

FIXTURE(record)
{
	struct scene s;
};

FIXTURE_VARIANT(record)
{
	size_t size;
	bool vmalloc;	/* the record is too large for a slab */
};

FIXTURE_VARIANT_ADD(record, 2M)
{
	.size = SIZE_2M,
};

FIXTURE_VARIANT_ADD(record, 1G)
{
	.size = SIZE_1G,
	.vmalloc = true,
};

/* The first allocation after an error is the record. */
static void lose_record(struct __test_metadata *_metadata, struct scene *s,
			bool vmalloc, struct sigbus *seen)
{
	int err = -1;
	bool hit;

	if (!no_faults) {
		ASSERT_EQ(0, fault_arm(FAULT_SLAB, 1, 0));
		if (vmalloc)
			ASSERT_EQ(0, fault_arm(FAULT_PAGES, 1, 1));
		ASSERT_EQ(0, fault_self(s->self, true));
	}
	hit = sigbus_on_hwpoison(s->hp.map + BAD * BASE_PAGE, seen, &err);
	ASSERT_EQ(0, fault_self(s->self, false));
	ASSERT_TRUE(hit);
	if (!no_faults) {
		ASSERT_EQ(0, fault_left(FAULT_SLAB));
		if (vmalloc)
			ASSERT_EQ(0, fault_left(FAULT_PAGES));
	}
}

FIXTURE_SETUP(record)
{
	struct sigbus seen = { 0 };

	scene_open(_metadata, &self->s, variant->size);
	lose_record(_metadata, &self->s, variant->vmalloc, &seen);
	/* Rule 4 holds nevertheless */
	ASSERT_EQ(BUS_MCEERR_AR, seen.code);
	ASSERT_EQ(BASE_PAGE_SHIFT, seen.lsb);
	ASSERT_EQ((uintptr_t)self->s.hp.map + BAD * BASE_PAGE, seen.addr);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(record)
{
	scene_close();
}

static void expect_unreadable(struct __test_metadata *_metadata,
			      const struct scene *s, size_t offset)
{
	char c;
	int fd;

	EXPECT_EQ(-1, pread(s->hp.fd, &c, 1, offset));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-EFAULT, pin_in_pipe(s->hp.map + offset, 1, &fd));
}

/* All of it counts as lost, except for accesses by existing mappings. */
static void expect_extent_unknown(struct __test_metadata *_metadata,
				  const struct scene *s)
{
	const size_t raw = BAD * BASE_PAGE;
	char all[64];

	snprintf(all, sizeof(all), "0x0+%#zx", s->hp.size);
	EXPECT_STREQ(all, fdinfo_ranges(s->hp.fd));
	EXPECT_EQ(1, kmsg_count("%#lx: no memory for the record of a kept huge page",
				scene_pfn(s)));
	expect_unreadable(_metadata, s, 0);
	expect_unreadable(_metadata, s, s->hp.size / 2);
	expect_unreadable(_metadata, s, s->hp.size - BASE_PAGE);
	EXPECT_EQ(scene_pfn(s), pagemap_pfn(s->hp.map));
	EXPECT_EQ(-1, pattern_sample_healthy(s->hp.map, s->hp.size, &raw, 1));
	expect_counted(_metadata, s, 1);
	EXPECT_EQ(-EHWPOISON, error_inject_pfn(scene_pfn(s) + BAD));
	EXPECT_EQ(-EHWPOISON, error_inject_pfn(scene_pfn(s) + BAD + 1));
	expect_counted(_metadata, s, 1);
}

static bool said_to_be_retired(const struct scene *s)
{
	return kmsg_count("%#lx: all %zu kB of a kept huge page are retired",
			  scene_pfn(s), s->hp.size >> 10) == 1;
}

/* Is any of the huge pages in the pool now the folio, or a part of it? */
static bool is_handed_out(struct __test_metadata *_metadata,
			  const struct scene *s)
{
	struct pool pool;
	unsigned long pfn;
	bool found = false;
	size_t offset, len;
	char *map;
	int fd;

	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	len = (pool.free - pool.resv) * SIZE_2M;
	fd = hugepage_memfd(SIZE_2M);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, len));
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	for (offset = 0; offset < len; offset += SIZE_2M) {
		map[offset] = 1;
		pfn = pagemap_pfn(map + offset);
		found |= pfn >= scene_pfn(s) &&
			 pfn < scene_pfn(s) + s->hp.size / BASE_PAGE;
	}
	munmap(map, len);
	close(fd);
	return found;
}

/* All free memory is allocated, and none of it belongs to the folio. */
static void expect_not_handed_out(struct __test_metadata *_metadata,
				  const struct scene *s)
{
	struct pool pool;

	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	ASSERT_LT(pool.nr + 64, exhaust_by_huge_pages(pool.nr, SPARE_KB));
	EXPECT_FALSE(is_handed_out(_metadata, s));
	EXPECT_EQ(SIGKILL, exhaust_by_base_pages());
	ASSERT_EQ(pool.nr, pool_set(SIZE_2M, pool.nr));
	expect_whole(_metadata, s);
}

/* Logged, not reused, and out of the counters. */
TEST_F_TIMEOUT(record, lost_folio_is_retired, 300)
{
	struct scene *s = &self->s;

	expect_extent_unknown(_metadata, s);
	hugepage_close(&s->hp);
	EXPECT_TRUE(poll_until(said_to_be_retired(s)));
	expect_out_of_pool(_metadata, s);
	expect_whole(_metadata, s);
	EXPECT_EQ(-EHWPOISON, error_inject_pfn(scene_pfn(s) + BAD + 2));
	expect_counted(_metadata, s, 1);
	if (s->hp.size == SIZE_2M)
		expect_not_handed_out(_metadata, s);
}

/*
 * Rule 13
 */

#define TRIES	1000

FIXTURE(vmemmap)
{
	struct scene s;
};

FIXTURE_VARIANT(vmemmap)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(vmemmap, 2M) { .size = SIZE_2M };
FIXTURE_VARIANT_ADD(vmemmap, 1G) { .size = SIZE_1G };

FIXTURE_SETUP(vmemmap)
{
	struct scene *s = &self->s;

	ASSERT_EQ(1, procfile_number("/proc/sys/vm/hugetlb_optimize_vmemmap"));
	scene_open(_metadata, s, variant->size);
	ASSERT_EQ(0, error_inject_pfn(scene_pfn(s) + BAD));
	if (!no_faults) {
		ASSERT_EQ(0, fault_arm(FAULT_PAGES, TRIES, 0));
		ASSERT_EQ(0, fault_unbound_workers(true));
	}
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(vmemmap)
{
	scene_close();
}

/* Kernel workers come and go, so mark them anew while waiting. */
static bool failed_often(long times)
{
	if (no_faults)
		return false;
	fault_unbound_workers(true);
	return fault_left(FAULT_PAGES) <= TRIES - times;
}

static bool said_to_be_gone(const struct scene *s, int lost)
{
	return kmsg_count("%#lx: kept huge page left the pool: %d of %zu base pages lost",
			  scene_pfn(s), lost, s->hp.size / BASE_PAGE) == 1;
}

static void expect_raw(struct __test_metadata *_metadata,
		       const struct scene *s, size_t page)
{
	EXPECT_EQ(PAGE_HWPOISON, page_flags(scene_pfn(s) + page) &
		  (PAGE_HWPOISON | PAGE_BUDDY | PAGE_HUGE));
}

/*
 * Each attempt to restore the struct pages fails for lack of memory: the whole
 * folio waits, can get further errors, and is released once there is memory.
 */
TEST_F_TIMEOUT(vmemmap, not_restored_is_tried_again, 120)
{
	struct scene *s = &self->s;
	long nr = s->hp.size / BASE_PAGE;
	bool failed;

	hugepage_close(&s->hp);
	failed = poll_until(failed_often(3));
	expect_whole(_metadata, s);
	EXPECT_TRUE(failed);
	expect_out_of_pool(_metadata, s);
	EXPECT_FALSE(said_to_be_gone(s, 1));
	EXPECT_EQ(-EHWPOISON, error_inject_pfn(scene_pfn(s) + BAD));
	EXPECT_EQ(0, error_inject_pfn(scene_pfn(s) + BAD + 4));
	expect_counted(_metadata, s, 2);

	ASSERT_EQ(0, fault_disarm(FAULT_PAGES));
	EXPECT_TRUE(poll_until(said_to_be_gone(s, 2)));
	expect_raw(_metadata, s, BAD);
	expect_raw(_metadata, s, BAD + 4);
	EXPECT_EQ(2, count_flagged(s, PAGE_HWPOISON));
	EXPECT_EQ(0, count_flagged(s, PAGE_HUGE));
	EXPECT_LT(nr / 2, count_flagged(s, PAGE_BUDDY));
	expect_out_of_pool(_metadata, s);
	expect_counted(_metadata, s, 2);
}

/* A control has the policy, but no failing allocations. */
int main(int argc, char **argv)
{
	no_faults = policy_omitted();
	unsetenv("MFR_CONTROL");
	return test_harness_run(argc, argv);
}
