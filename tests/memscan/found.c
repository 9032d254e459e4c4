// SPDX-License-Identifier: GPL-2.0-only
/*
 * memscan finds poison before a program reads it and hands it to
 * memory_failure(), and the program continues.  The control runs without the
 * module: there the program consumes the error.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "control.h"
#include "directmap.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pages.h"
#include "pattern.h"
#include "pool.h"
#include "ranges.h"
#include "scanner.h"
#include "sigbus.h"

#define LINE	64UL
/* Timeout of a test with many pages, on a debug kernel */
#define LONG_SECONDS	240

FIXTURE(found)
{
	struct sigbus seen;
};

FIXTURE_SETUP(found)
{
	ASSERT_EQ(0, directmap_load());
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(found)
{
	scanner_end();
}

/* The caller's new page with this page frame, or NULL. */
static char *handed_out(unsigned long pfn)
{
	static uint64_t pfns[16384];
	char *p = pages_map(ARRAY_SIZE(pfns));
	size_t i;

	if (!p || pagemap_pfns(p, ARRAY_SIZE(pfns), pfns))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(pfns); i++)
		if (pfns[i] == pfn)
			return p + i * BASE_PAGE;
	return NULL;
}

/*
 * A free page with an error is never allocated.  A CPU first allocates pages
 * that it freed last: here the pages after the bad one, for the kernel and for
 * us, while we request the scan.
 */
TEST_F(found, in_a_free_page)
{
	enum { FREED = 256 };
	unsigned long pfn;
	cpu_set_t here;
	char *p, *mine;
	int64_t pa;

	CPU_ZERO(&here);
	CPU_SET(0, &here);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(here), &here));
	p = pages_map(FREED);
	ASSERT_NE(NULL, p);
	pa = lab_pa(p);
	ASSERT_LT(0, pa);
	pfn = pa / BASE_PAGE;
	ASSERT_EQ(0, munmap(p, FREED * BASE_PAGE));
	ASSERT_EQ(0, lab_poison_add(pa + LINE, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	mine = handed_out(pfn);
	if (mine)
		EXPECT_FALSE(sigbus_on_load(mine + LINE, &self->seen));
	EXPECT_EQ(NULL, mine);
	EXPECT_TRUE(page_is_isolated(pfn));
	EXPECT_EQ('U', directmap_state(pfn));
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ(pfn, range_last_hit_pfn());
}

/* The owner is notified of the lost page, and writes new data in time. */
TEST_F(found, in_an_anonymous_page)
{
	struct sigbus told = {};
	int64_t pa;
	char *p;

	p = pages_map(1);
	ASSERT_NE(NULL, p);
	pattern_fill(p, 0, BASE_PAGE);
	pa = lab_pa(p);
	/* The last line of the page: every line is read */
	ASSERT_EQ(0, lab_poison_add(pa + BASE_PAGE - 8, 8));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	EXPECT_EQ(1, sigbus_optional(&told));
	EXPECT_EQ((uintptr_t)p, told.addr & -BASE_PAGE);
	EXPECT_EQ(12, told.lsb);
	if (told.addr)
		ASSERT_EQ(0, pages_renew(p));
	EXPECT_FALSE(sigbus_on_load(p + BASE_PAGE - 8, &self->seen));
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ('U', directmap_state(pa / BASE_PAGE));
	EXPECT_EQ(1, range_hits("recovered"));
}

/* Pick @n of @of pages, each once, in a reproducible order. */
static void choose(unsigned int *chosen, unsigned int n, unsigned int of)
{
	unsigned int i, k, all[of], other;

	for (i = 0; i < of; i++)
		all[i] = i;
	srandom(1);
	for (i = 0; i < n; i++) {
		k = i + random() % (of - i);
		other = all[k];
		all[k] = all[i];
		chosen[i] = all[i] = other;
	}
}

/* A pass finds all poison of the node, also in the first and last lines. */
TEST_F_TIMEOUT(found, by_the_thread_of_a_node, LONG_SECONDS)
{
	enum { PLANTED = 1000, PAGES = 16384 };
	int64_t pa[PLANTED], hits = lab_poison_hits();
	unsigned int chosen[PLANTED], isolated = 0, uncached = 0;
	char *p;
	int i;

	p = pages_map(PAGES);
	ASSERT_NE(NULL, p);
	choose(chosen, PLANTED, PAGES);
	for (i = 0; i < PLANTED; i++) {
		pa[i] = lab_pa(p + chosen[i] * BASE_PAGE);
		ASSERT_LT(0, pa[i]);
		ASSERT_EQ(0, lab_poison_add(pa[i] + (i % 2) * (BASE_PAGE - 8),
					    8));
	}

	CONTROL_READY();
	if (!scanner_omitted()) {
		ASSERT_EQ(0, scanner_set("max_hits", "2000"));
		ASSERT_EQ(0, scanner_set("max_hits_per_minute", "2000"));
	}
	ASSERT_EQ(0, scanner_read_node());
	for (i = 0; i < PLANTED; i++) {
		isolated += page_is_isolated(pa[i] / BASE_PAGE);
		uncached += directmap_state(pa[i] / BASE_PAGE) == 'U';
	}
	EXPECT_EQ(PLANTED, isolated);
	EXPECT_EQ(PLANTED, uncached);
	EXPECT_EQ(hits + PLANTED, lab_poison_hits());
	/* Pending signals merge into one */
	EXPECT_LT(0, sigbus_optional(NULL));
	EXPECT_EQ(PLANTED, scanner_figure("node0/hits/recovered"));
	EXPECT_EQ(PLANTED, scanner_figure("node0/last_pass/hits"));
}

FIXTURE(kept)
{
	struct hugepage hp;
	struct sigbus seen;
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, pool_want(SIZE_1G, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_1G));
	ASSERT_EQ(0, directmap_load());
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	scanner_end();
}

/*
 * In a kept page, 4 KiB are lost. The other pages of the folio are still read,
 * and known poison raises no machine check in later passes.
 */
TEST_F_TIMEOUT(kept, loses_base_pages_only, LONG_SECONDS)
{
	const size_t raw[] = { 0, SIZE_1G / 2 + LINE, SIZE_1G - LINE };
	const size_t n = ARRAY_SIZE(raw);
	const long pages = SIZE_1G / BASE_PAGE;
	struct sigbus told = {};
	int64_t hits;
	size_t i;

	for (i = 0; i < n; i++)
		ASSERT_EQ(0, lab_poison_add(self->hp.pa + raw[i], 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(self->hp.pa, SIZE_1G));
	EXPECT_EQ(n, sigbus_optional(&told));
	EXPECT_EQ(12, told.lsb);
	EXPECT_EQ((uintptr_t)self->hp.map + SIZE_1G - BASE_PAGE,
		  told.addr & -BASE_PAGE);
	EXPECT_EQ(n, range_hits("recovered"));
	EXPECT_EQ(pages, range_last("read_pages"));
	EXPECT_FALSE(sigbus_on_load(self->hp.map + BASE_PAGE, &self->seen));
	/* Users of a pin access it there: tests/kernel/direct.c */
	for (i = 0; i < n; i++)
		EXPECT_EQ('Y', directmap_state((self->hp.pa + raw[i]) /
					       BASE_PAGE));

	hits = lab_poison_hits();
	ASSERT_EQ(0, range_read(self->hp.pa, SIZE_1G));
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(pages - (long)n,
		  range_last("read_pages"));
	EXPECT_EQ(n, range_last("known_pages"));

	/* A later error in the same folio */
	ASSERT_EQ(0, lab_poison_add(self->hp.pa + 2 * BASE_PAGE, 1));
	ASSERT_EQ(0, range_read(self->hp.pa, SIZE_1G));
	EXPECT_EQ(n + 1, sigbus_optional(NULL));
}

TEST_HARNESS_MAIN
