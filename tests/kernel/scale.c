// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 2, 6 and 12, with very many errors: one more costs as much as
 * the first, a release is linear in their number, and the record is complete.
 *
 * Costs are instructions (count.h): the same work always takes the same number,
 * except for timer interrupts, hence medians.
 */
#define _GNU_SOURCE
#include <count.h>
#include <fcntl.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "control.h"
#include "cost.h"
#include "counters.h"
#include "fdinfo.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "polling.h"
#include "pool.h"
#include "raise.h"

#define LEFT_THE_POOL	"kept huge page left the pool"

/* The log line is the last step of a release. */
static bool released(size_t folios)
{
	return kmsg_await(LEFT_THE_POOL, folios);
}

static void measure(struct __test_metadata *_metadata, long *taint)
{
	*taint = kernel_taint();
	ASSERT_EQ(0, lab_count_start());
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, kmsg_console(false));
}

/* Also ends a measurement that a killed test has left behind. */
static void end_measurement(void)
{
	kmsg_console(true);
	lab_count_stop();
}

/*
 * Errors in one folio, in every fourth base page from its start on: between two
 * raw pages there are always the same two blocks to free.  An odd factor
 * shuffles their order and still reaches every page.
 */
#define EVERY		4
#define MIX		40503

struct damage {
	unsigned long pfn;	/* of the folio */
	size_t total;		/* a power of two */
	size_t done, refused;
};

static unsigned long next_pfn(const struct damage *d)
{
	return d->pfn + d->done * MIX % d->total * EVERY;
}

static struct cost next_error(struct damage *d)
{
	unsigned long pfn = next_pfn(d);
	struct cost start = cost_now();

	d->refused += error_inject_pfn(pfn) != 0;
	d->done++;
	return cost_since(start);
}

static void errors_up_to(struct damage *d, size_t n)
{
	while (d->done < n)
		next_error(d);
}

#define SAMPLES		33

/* Instructions of the @n-th error: the median of the last SAMPLES up to it. */
static long cost_of_nth(struct damage *d, size_t n)
{
	struct cost costs[SAMPLES];
	size_t i;

	errors_up_to(d, n - SAMPLES);
	for (i = 0; i < SAMPLES; i++)
		costs[i] = next_error(d);
	return cost_quartile(costs, SAMPLES, 2).insns;
}

/*
 * The same up to 10 %.  Known differences are below 1 %; a walk of all earlier
 * errors, which the control does, adds far more from 1,024 errors on.
 */
#define EXPECT_SAME_COST(want, seen) do {				\
	EXPECT_LE((want) * 9, (seen) * 10);				\
	EXPECT_LE((seen) * 10, (want) * 11);				\
} while (0)

FIXTURE(gigantic)
{
	struct hugepage hp;
	struct error_counters errors;
	long taint;
};

FIXTURE_VARIANT(gigantic)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(gigantic, 1G) { .size = SIZE_1G };

FIXTURE_SETUP(gigantic)
{
	ASSERT_EQ(0, pool_want(variant->size, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, variant->size));
	error_counters_read(&self->errors);
	measure(_metadata, &self->taint);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(gigantic)
{
	end_measurement();
}

/* The ranges of fdinfo for @n raw pages, every fourth from the start on. */
static char *expected_ranges(size_t n)
{
	char *text = malloc(n * sizeof("0x00000000+0x1000 ")), *at = text;
	size_t i;

	for (i = 0; text && i < n; i++)
		at += sprintf(at, "%s0x%lx+0x1000", i ? " " : "",
			      i * EVERY * BASE_PAGE);
	return text;
}

/* Rules 2, 3: all errors are on the record, and counted once. */
static void expect_recorded(struct __test_metadata *_metadata, int fd,
			    const struct error_counters *before, size_t n)
{
	char *want = expected_ranges(n);
	struct error_counters now;

	ASSERT_NE(NULL, want);
	ASSERT_TRUE(!strcmp(want, fdinfo_ranges(fd)));
	free(want);
	error_counters_read(&now);
	EXPECT_EQ(before->corrupted_kb + 4 * (long)n, now.corrupted_kb);
	EXPECT_EQ(before->total + (long)n, now.total);
	EXPECT_EQ(before->recovered + (long)n, now.recovered);
}

/* Rule 12: raw pages are marked and not free; all others are not marked. */
static void expect_marked(struct __test_metadata *_metadata,
			  const struct damage *d, size_t pages)
{
	uint64_t *flags = calloc(pages, sizeof(*flags));
	size_t i, lost = 0, wrong = 0, free_again = 0;

	ASSERT_NE(NULL, flags);
	ASSERT_EQ(0, page_flags_read(d->pfn, pages, flags));
	for (i = 0; i < pages; i++) {
		bool raw = i % EVERY == 0 && i / EVERY < d->total;

		lost += raw && (flags[i] & PAGE_HWPOISON);
		wrong += !raw && (flags[i] & PAGE_HWPOISON);
		wrong += !!(flags[i] & PAGE_HUGE);
		wrong += raw && (flags[i] & PAGE_BUDDY);
		free_again += !!(flags[i] & PAGE_BUDDY);
	}
	free(flags);
	EXPECT_EQ(d->total, lost);
	EXPECT_EQ(0, wrong);
	/* Some are in use again, by this process among others. */
	EXPECT_LE((pages - lost) * 9 / 10, free_again);
}

/* Rule 6, and none of the many errors gets lost. */
TEST_F_TIMEOUT(gigantic, errors_cost_the_same, 120)
{
	struct damage d = {
		.pfn = hugepage_pfn(&self->hp, 0),
		.total = 65536,
	};
	long first = cost_of_nth(&d, SAMPLES), nth;

	nth = cost_of_nth(&d, 1024);
	TH_LOG("instructions: first %ld, 1024th %ld", first, nth);
	EXPECT_SAME_COST(first, nth);
	ASSERT_EQ(0, d.refused);
	nth = cost_of_nth(&d, d.total);
	TH_LOG("instructions: %zuth %ld", d.done, nth);
	EXPECT_SAME_COST(first, nth);
	ASSERT_EQ(0, d.refused);
	expect_recorded(_metadata, self->hp.fd, &self->errors, d.total);

	ASSERT_EQ(0, kmsg_start());
	hugepage_close(&self->hp);
	ASSERT_TRUE(released(1));
	expect_marked(_metadata, &d, variant->size / BASE_PAGE);
	EXPECT_EQ(self->taint, kernel_taint());
}

/* Instructions of the release of a gigantic page with @n raw pages. */
static long cost_of_release(struct __test_metadata *_metadata, size_t size,
			    size_t n)
{
	struct damage d = { .total = n };
	struct hugepage hp;
	struct cost start;

	ASSERT_EQ(0, hugepage_create(&hp, size));
	d.pfn = hugepage_pfn(&hp, 0);
	errors_up_to(&d, n);
	ASSERT_EQ(0, kmsg_start());
	start = cost_now();
	hugepage_close(&hp);
	ASSERT_TRUE(released(1));
	return cost_since(start).insns;
}

FIXTURE(release)
{
	long taint;
};

FIXTURE_VARIANT(release)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(release, 1G) { .size = SIZE_1G };

FIXTURE_SETUP(release)
{
	ASSERT_EQ(0, pool_want(variant->size, 3));
	measure(_metadata, &self->taint);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(release)
{
	end_measurement();
}

/*
 * Rule 6: with more raw pages, the cost per page stays the same.  Up to twice
 * is accepted: a release takes long enough for timers to add to it.  A
 * quadratic cost would be four times as much per page.
 */
TEST_F_TIMEOUT(release, linear_in_raw_pages, 120)
{
	const long few = 4096, many = 16384;
	long one, some, more, each_of_few, each_of_many;

	one = cost_of_release(_metadata, variant->size, 1);
	some = cost_of_release(_metadata, variant->size, few);
	more = cost_of_release(_metadata, variant->size, many);
	each_of_few = (some - one) / (few - 1);
	each_of_many = (more - some) / (many - few);
	TH_LOG("instructions: one %ld, %ld %ld, %ld %ld", one, few, some, many,
	       more);
	EXPECT_LT(0, each_of_few);
	EXPECT_LE(each_of_many, 2 * each_of_few);
	EXPECT_EQ(self->taint, kernel_taint());
}

#define FOLIOS		1000

/* A file of many huge pages with one error each. */
FIXTURE(many)
{
	int fd;
	char *map;
	long taint;
};

FIXTURE_SETUP(many)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, FOLIOS));
	self->fd = hugepage_memfd(SIZE_2M);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, FOLIOS * SIZE_2M));
	self->map = mmap(NULL, FOLIOS * SIZE_2M, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	measure(_metadata, &self->taint);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(many)
{
	end_measurement();
	pool_set(SIZE_2M, 0);
}

static long error_in_each(struct __test_metadata *_metadata, const char *map,
			  size_t first, size_t n)
{
	struct cost costs[FOLIOS], start;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned long pfn = pagemap_pfn(map + (first + i) * SIZE_2M);

		start = cost_now();
		ASSERT_EQ(0, error_inject_pfn(pfn + 7));
		costs[i] = cost_since(start);
	}
	return cost_quartile(costs, n, 2).insns;
}

static long punch(struct __test_metadata *_metadata, int fd, size_t first,
		  size_t n)
{
	struct cost start = cost_now();

	ASSERT_EQ(0, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       first * SIZE_2M, n * SIZE_2M));
	ASSERT_TRUE(released(n));
	return cost_since(start).insns;
}

static long punch_each(struct __test_metadata *_metadata, int fd, size_t n)
{
	struct cost costs[SAMPLES];
	size_t i;

	for (i = 0; i < n; i++)
		costs[i].insns = punch(_metadata, fd, i, 1);
	return cost_quartile(costs, n, 2).insns;
}

/*
 * Rule 6: an error in the thousandth folio costs as much as in the first.  And
 * of many folios released at once, each costs as much as one alone.  Up to four
 * times is accepted: the caller and the worker may spin for each other's locks.
 * A quadratic cost would be hundreds of times as much.
 */
TEST_F_TIMEOUT(many, folios, 120)
{
	struct pool before, after;
	long first, last, alone, together;

	first = error_in_each(_metadata, self->map, 0, SAMPLES);
	error_in_each(_metadata, self->map, SAMPLES, FOLIOS - 2 * SAMPLES);
	last = error_in_each(_metadata, self->map, FOLIOS - SAMPLES, SAMPLES);
	TH_LOG("instructions: first %ld, last %ld", first, last);
	EXPECT_SAME_COST(first, last);

	ASSERT_EQ(0, pool_read(SIZE_2M, &before));
	ASSERT_EQ(0, kmsg_start());
	alone = punch_each(_metadata, self->fd, SAMPLES);
	together = punch(_metadata, self->fd, SAMPLES, FOLIOS - SAMPLES) /
		   (FOLIOS - SAMPLES);
	TH_LOG("instructions: release alone %ld, with others %ld", alone,
	       together);
	EXPECT_LE(together, 4 * alone);
	ASSERT_EQ(0, pool_read(SIZE_2M, &after));
	EXPECT_EQ(before.nr - FOLIOS, after.nr);
	EXPECT_EQ(self->taint, kernel_taint());
}

TEST_HARNESS_MAIN
