// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 3, 4 and 5: what happens when an error arrives in a kept folio:
 * the first, the second and the n-th, raised in each possible way.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <kselftest_harness.h>

#include "control.h"
#include "counters.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"
#include "sigbus.h"
#include "witness.h"

#define BASE_PAGE_SHIFT	12
#define LAST(size)	((size) / BASE_PAGE - 1)

FIXTURE(error)
{
	struct hugepage hp;
};

FIXTURE_VARIANT(error)
{
	enum error_way way;
};

FIXTURE_VARIANT_ADD(error, madvise) { .way = ERROR_MADVISE };
FIXTURE_VARIANT_ADD(error, inject) { .way = ERROR_INJECT };
FIXTURE_VARIANT_ADD(error, consume) { .way = ERROR_CONSUME };
FIXTURE_VARIANT_ADD(error, scrub) { .way = ERROR_SCRUB };

FIXTURE_SETUP(error)
{
	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	CONTROL_READY();
}

#define EARLY_KILL_ALL	"/proc/sys/vm/memory_failure_early_kill"

FIXTURE_TEARDOWN_PARENT(error)
{
	lab_poison_clear();
	procfile_write(EARLY_KILL_ALL, "0");
}

/* Rule 4: AR to the consumer, exact address, si_addr_lsb of one base page. */
static void expect_consumed(struct __test_metadata *_metadata,
			    const char *base_page, const struct sigbus *seen)
{
	EXPECT_EQ(BUS_MCEERR_AR, seen->code);
	EXPECT_EQ(BASE_PAGE_SHIFT, seen->lsb);
	EXPECT_EQ((uintptr_t)base_page, seen->addr);
}

/*
 * A simulated error breaks nothing and nothing is unmapped (rule 5), so the
 * load succeeds.  A real one is a machine check at every load.
 */
static void expect_load(struct __test_metadata *_metadata,
			const struct hugepage *hp, size_t offset, bool real)
{
	struct sigbus seen;

	ASSERT_EQ(real, sigbus_on_load(hp->map + offset, &seen));
	if (real)
		expect_consumed(_metadata, hp->map + offset, &seen);
}

/* Rule 5: mapped as before, and every other base page can be read. */
static void expect_mapped(struct __test_metadata *_metadata,
			  const struct hugepage *hp, size_t bad_page)
{
	struct sigbus seen;
	size_t page;

	EXPECT_EQ(hp->pa / BASE_PAGE, pagemap_pfn(hp->map));
	for (page = bad_page ? bad_page - 1 : 0;
	     page <= bad_page + 1 && page <= LAST(hp->size); page++)
		if (page != bad_page)
			ASSERT_FALSE(sigbus_on_load(hp->map + page * BASE_PAGE,
						    &seen));
}

static void raise_one(struct __test_metadata *_metadata,
		      const struct hugepage *hp, size_t page,
		      enum error_way way)
{
	struct sigbus seen;

	ASSERT_EQ(0, error_raise(hp, page * BASE_PAGE, way, &seen));
	if (error_consumes(way))
		expect_consumed(_metadata, hp->map + page * BASE_PAGE, &seen);
}

/* Rule 3: each raw page is counted once, as recovered and as nothing else. */
static void expect_counted(struct __test_metadata *_metadata,
			   const struct error_counters *before, long raw_pages)
{
	struct error_counters now;

	error_counters_read(&now);
	EXPECT_EQ(before->corrupted_kb + 4 * raw_pages, now.corrupted_kb);
	EXPECT_EQ(before->total + raw_pages, now.total);
	EXPECT_EQ(before->recovered + raw_pages, now.recovered);
	EXPECT_EQ(before->failed, now.failed);
	EXPECT_EQ(before->ignored, now.ignored);
	EXPECT_EQ(before->delayed, now.delayed);
}

/* Rule 3: one result line in the log, and it is a success. */
static void expect_logged(struct __test_metadata *_metadata,
			  const struct hugepage *hp, size_t page)
{
	unsigned long pfn = hugepage_pfn(hp, page * BASE_PAGE);

	EXPECT_EQ(1, kmsg_count("%#lx: recovery action for huge page: Recovered",
				pfn));
	EXPECT_EQ(1, error_results(pfn));
}

/* Rules 3, 4, 5: each error is handled as if it were the only one. */
static void expect_equal_errors(struct __test_metadata *_metadata,
				const struct hugepage *hp, enum error_way way,
				const size_t *pages, size_t n)
{
	struct error_counters before;
	size_t i;

	error_counters_read(&before);
	for (i = 0; i < n; i++) {
		raise_one(_metadata, hp, pages[i], way);
		expect_logged(_metadata, hp, pages[i]);
		expect_counted(_metadata, &before, i + 1);
	}
	for (i = 0; i < n; i++)
		expect_load(_metadata, hp, pages[i] * BASE_PAGE, error_is_real(way));
}

TEST_F(error, one)
{
	static const size_t page[] = { 77 };

	expect_equal_errors(_metadata, &self->hp, variant->way, page, 1);
	expect_mapped(_metadata, &self->hp, page[0]);
}

TEST_F(error, two)
{
	static const size_t pages[] = { 300, 20 };

	expect_equal_errors(_metadata, &self->hp, variant->way, pages, 2);
	expect_mapped(_metadata, &self->hp, pages[1]);
}

TEST_F(error, eight)
{
	static const size_t pages[] = { 5, 450, 63, 64, 256, 255, 128, 500 };

	expect_equal_errors(_metadata, &self->hp, variant->way, pages, 8);
}

TEST_F(error, adjacent)
{
	static const size_t pages[] = { 100, 101, 99 };

	expect_equal_errors(_metadata, &self->hp, variant->way, pages, 3);
}

TEST_F(error, first_and_last)
{
	const size_t pages[] = { 0, LAST(SIZE_2M) };

	expect_equal_errors(_metadata, &self->hp, variant->way, pages, 2);
	expect_mapped(_metadata, &self->hp, pages[0]);
	expect_mapped(_metadata, &self->hp, pages[1]);
}

/* MADV_HWPOISON of a known page fails in get_user_pages() (rule 9). */
static void raise_again(struct __test_metadata *_metadata,
			const struct hugepage *hp, size_t page,
			enum error_way way)
{
	struct sigbus seen;

	if (error_is_real(way)) {
		raise_one(_metadata, hp, page, way);
		return;
	}
	if (way == ERROR_MADVISE)
		ASSERT_EQ(-EFAULT, error_raise(hp, page * BASE_PAGE, way,
					       &seen));
	ASSERT_EQ(-EHWPOISON,
		  error_inject_pfn(hugepage_pfn(hp, page * BASE_PAGE)));
}

/* Rule 3: a further error in a raw page is known, and not counted again. */
TEST_F(error, same_page_again)
{
	unsigned long pfn = hugepage_pfn(&self->hp, 40 * BASE_PAGE);
	struct error_counters before;
	size_t i;

	error_counters_read(&before);
	raise_one(_metadata, &self->hp, 40, variant->way);
	for (i = 1; i <= 3; i++) {
		raise_again(_metadata, &self->hp, 40, variant->way);
		EXPECT_TRUE(poll_until(i == kmsg_count(
			"%#lx: recovery action for already poisoned page", pfn)));
		expect_counted(_metadata, &before, 1);
	}
	EXPECT_EQ(1, kmsg_count("%#lx: recovery action for huge page", pfn));
	expect_load(_metadata, &self->hp, 40 * BASE_PAGE, error_is_real(variant->way));
	expect_mapped(_metadata, &self->hp, 40);
}

/* Rule 4: a second process gets AR at its own address if the error is real. */
TEST_F(error, second_process)
{
	struct witness w;
	struct witness_report r;

	ASSERT_EQ(0, witness_start(&w, &self->hp, false));
	raise_one(_metadata, &self->hp, 9, variant->way);
	ASSERT_EQ(0, witness_load(&w, 10 * BASE_PAGE, &r));
	ASSERT_FALSE(r.hit);
	ASSERT_EQ(0, witness_load(&w, 9 * BASE_PAGE, &r));
	EXPECT_EQ(error_is_real(variant->way), r.hit);
	if (r.hit)
		expect_consumed(_metadata, (char *)w.map + 9 * BASE_PAGE,
				&r.bus);
	EXPECT_EQ(0, r.optional);
	EXPECT_EQ(0, sigbus_optional(NULL));
	witness_kill(&w);
}

/* The witness has received @n AO signals, the last one for @page. */
static void expect_told(struct __test_metadata *_metadata, struct witness *w,
			unsigned int n, size_t page)
{
	struct witness_report r = { 0 };

	EXPECT_TRUE(poll_until(witness_signals(w, &r) || r.optional >= n));
	EXPECT_EQ(n, r.optional);
	EXPECT_EQ(BASE_PAGE_SHIFT, r.last_optional.lsb);
	EXPECT_EQ(w->map + page * BASE_PAGE, r.last_optional.addr);
}

/* Rule 4: AO once, at first detection, to processes that opted in. */
TEST_F(error, early_kill)
{
	struct witness early, late;
	struct witness_report r;

	ASSERT_EQ(0, witness_start(&early, &self->hp, true));
	ASSERT_EQ(0, witness_start(&late, &self->hp, false));
	raise_one(_metadata, &self->hp, 30, variant->way);
	expect_told(_metadata, &early, 1, 30);
	raise_again(_metadata, &self->hp, 30, variant->way);
	raise_one(_metadata, &self->hp, 31, variant->way);
	expect_told(_metadata, &early, 2, 31);
	ASSERT_EQ(0, witness_signals(&late, &r));
	EXPECT_EQ(0, r.optional);
	EXPECT_EQ(0, sigbus_optional(NULL));
	witness_kill(&early);
	witness_kill(&late);
}

/* Rule 4: the sysctl opts in for all processes. */
TEST_F(error, early_kill_by_sysctl)
{
	struct witness w;

	ASSERT_EQ(0, procfile_write(EARLY_KILL_ALL, "1"));
	ASSERT_EQ(0, witness_start(&w, &self->hp, false));
	raise_one(_metadata, &self->hp, 12, variant->way);
	expect_told(_metadata, &w, 1, 12);
	raise_again(_metadata, &self->hp, 12, variant->way);
	expect_told(_metadata, &w, 1, 12);
	witness_kill(&w);
}

/* Rule 4: a consumer that opted in to early kill gets AR, but not AO too. */
TEST_F(error, early_kill_of_oneself)
{
	bool consumed = error_consumes(variant->way);
	struct sigbus seen;

	ASSERT_EQ(0, prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0,
			   0));
	raise_one(_metadata, &self->hp, 11, variant->way);
	EXPECT_TRUE(poll_until(sigbus_optional(&seen) == !consumed));
	if (!consumed) {
		EXPECT_EQ(BASE_PAGE_SHIFT, seen.lsb);
		EXPECT_EQ((uintptr_t)self->hp.map + 11 * BASE_PAGE, seen.addr);
	}
	expect_load(_metadata, &self->hp, 11 * BASE_PAGE,
		    error_is_real(variant->way));
	EXPECT_EQ(!consumed, sigbus_optional(NULL));
}

/* Rule 4: x86 reports the physical address only: either mapping is right. */
TEST_F(error, mapped_twice)
{
	const size_t bad = 200 * BASE_PAGE;
	char *twin = hugepage_map(&self->hp);
	bool real = error_is_real(variant->way);
	struct sigbus seen;

	ASSERT_NE(NULL, twin);
	(void)*(volatile char *)twin;
	ASSERT_EQ(0, error_raise(&self->hp, bad, variant->way, &seen));
	ASSERT_EQ(real, sigbus_on_load(twin + bad, &seen));
	if (real) {
		EXPECT_EQ(BUS_MCEERR_AR, seen.code);
		EXPECT_EQ(BASE_PAGE_SHIFT, seen.lsb);
		EXPECT_TRUE(seen.addr == (uintptr_t)twin + bad ||
			    seen.addr == (uintptr_t)self->hp.map + bad);
	}
	EXPECT_EQ(0, sigbus_optional(NULL));
	ASSERT_FALSE(sigbus_on_load(twin + bad + BASE_PAGE, &seen));
	expect_mapped(_metadata, &self->hp, 200);
}

FIXTURE(gigantic)
{
	struct hugepage hp;
};

FIXTURE_VARIANT(gigantic)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(gigantic, 1G) { .size = SIZE_1G };

FIXTURE_SETUP(gigantic)
{
	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(variant->size, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, variant->size));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(gigantic)
{
	lab_poison_clear();
}

/* Rules 3 to 5 for the @n-th error: handled exactly like the first. */
static void expect_nth_error(struct __test_metadata *_metadata,
			     const struct hugepage *hp, size_t page,
			     enum error_way way, struct witness *early,
			     struct witness *late, unsigned int n)
{
	struct error_counters before;
	struct witness_report r;

	error_counters_read(&before);
	raise_one(_metadata, hp, page, way);
	expect_logged(_metadata, hp, page);
	expect_told(_metadata, early, n, page);
	ASSERT_EQ(0, witness_load(late, page * BASE_PAGE, &r));
	EXPECT_EQ(error_is_real(way), r.hit);
	if (r.hit)
		expect_consumed(_metadata,
				(char *)late->map + page * BASE_PAGE, &r.bus);
	expect_load(_metadata, hp, page * BASE_PAGE, error_is_real(way));
	expect_counted(_metadata, &before, 1);
}

/* All ways in one folio, one after the other: touching 1 GiB takes long. */
TEST_F_TIMEOUT(gigantic, every_way, 120)
{
	static const enum error_way ways[] = {
		ERROR_INJECT, ERROR_CONSUME, ERROR_SCRUB, ERROR_MADVISE,
		ERROR_CONSUME, ERROR_CONSUME, ERROR_INJECT, ERROR_SCRUB,
	};
	const size_t pages[] = {
		LAST(SIZE_1G), 0, 1, 511, 512, 131072, 200000, 200001,
	};
	struct witness early, late;
	size_t i;

	ASSERT_EQ(0, witness_start(&early, &self->hp, true));
	ASSERT_EQ(0, witness_start(&late, &self->hp, false));
	for (i = 0; i < ARRAY_SIZE(ways); i++)
		expect_nth_error(_metadata, &self->hp, pages[i], ways[i],
				 &early, &late, i + 1);
	EXPECT_EQ(self->hp.pa / BASE_PAGE, pagemap_pfn(self->hp.map));
	witness_kill(&early);
	witness_kill(&late);
}

TEST_HARNESS_MAIN
