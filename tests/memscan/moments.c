// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hits come at bad moments too: while the module is unloaded, and while the
 * memory is unplugged.  No hit is lost, and none found twice.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <signal.h>
#include <stdbool.h>
#include <kselftest_harness.h>

#include "census.h"
#include "hugepage.h"
#include "memblock.h"
#include "pages.h"
#include "pattern.h"
#include "polling.h"
#include "scanner.h"
#include "sigbus.h"

#define PLANTED		64

/* Page frames with poison, and where they were mapped at the time. */
struct planted {
	char *addr[PLANTED];
	int64_t pa[PLANTED];
};

FIXTURE(moments)
{
	struct planted planted;
};

FIXTURE_SETUP(moments)
{
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(moments)
{
	scanner_end();
}

static int plant(struct planted *planted, char *p, size_t stride)
{
	int i, err = 0;

	for (i = 0; i < PLANTED && !err; i++) {
		planted->addr[i] = p + i * stride * BASE_PAGE;
		planted->pa[i] = lab_pa(planted->addr[i]);
		err = lab_poison_add(planted->pa[i], 1);
	}
	return err;
}

static int isolated(const struct planted *planted)
{
	int i, n = 0;

	for (i = 0; i < PLANTED; i++)
		n += page_is_isolated(planted->pa[i] / BASE_PAGE);
	return n;
}

/* What it met is handed over before it goes; the rest is found next time. */
TEST_F(moments, unload)
{
	int64_t hits = lab_poison_hits();
	char *p = pages_map(PLANTED);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, plant(&self->planted, p, 1));
	ASSERT_EQ(0, scanner_set("node0/cycle_seconds", "1"));
	ASSERT_EQ(0, scanner_set("node0/max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	while (!scanner_figure("node0/hits/recovered") &&
	       !scanner_figure("node0/passes"))
		;
	ASSERT_EQ(0, scanner_unload());
	EXPECT_LT(0, isolated(&self->planted));
	EXPECT_EQ(lab_poison_hits() - hits, isolated(&self->planted));

	ASSERT_EQ(0, scanner_load("force=1"));
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_EQ(PLANTED, isolated(&self->planted));
	EXPECT_EQ(hits + PLANTED, lab_poison_hits());
}

/* The first of @n pages in a row that are in one block that can go, or NULL. */
static char *in_a_movable_block(char *p, size_t of, size_t n)
{
	size_t i;

	for (i = 0; i + n <= of; i += n) {
		char *first = p + i * BASE_PAGE;
		uint64_t block = lab_pa(first) / BLOCK_BYTES;
		size_t k = 0;

		while (k < n && lab_pa(first + k * BASE_PAGE) / BLOCK_BYTES ==
		       block)
			k++;
		if (k == n && memblock_is_movable(block * BLOCK_BYTES))
			return first;
	}
	return NULL;
}

static long pages_of_pass(void)
{
	static const char *const reasons[] = {
		"read", "leaving", "offline", "hwpoison", "known", "unmapped",
		"absent",
	};
	char file[64];
	long pages = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		snprintf(file, sizeof(file), "demand/last_pass/%s_pages",
			 reasons[i]);
		pages += scanner_figure(file);
	}
	return pages;
}

/* A signal, which a hit of the scanner sends, would end it: the kernel's rule. */
static int unplug(uint64_t block)
{
	sigset_t signals;
	int err;

	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	err = memblock_set(block, "offline");
	sigprocmask(SIG_UNBLOCK, &signals, NULL);
	return err;
}

/*
 * Its pages move while they are read.  Those with poison cannot, whoever met it
 * first, and their owner learns that; the others come out whole.
 */
TEST_F(moments, unplug)
{
	enum { STRIDE = 4, PAGES = PLANTED * STRIDE, ALL = 16384 };
	struct sigbus seen;
	int i, lost = 0;
	uint64_t block;
	char *p;

	p = pages_map(ALL);
	ASSERT_NE(NULL, p);
	p = in_a_movable_block(p, ALL, PAGES);
	ASSERT_NE(NULL, p);
	pattern_fill(p, 0, PAGES * BASE_PAGE);
	ASSERT_EQ(0, plant(&self->planted, p, STRIDE));
	block = self->planted.pa[0] / BLOCK_BYTES * BLOCK_BYTES;

	ASSERT_EQ(0, scanner_start(block, BLOCK_BYTES));
	while (!scanner_figure("demand/hits/recovered") &&
	       !scanner_figure("demand/passes"))
		;
	EXPECT_EQ(0, unplug(block));
	EXPECT_FALSE(memblock_is_online(block));
	EXPECT_TRUE(poll_until(scanner_figure("demand/passes") == 1));
	EXPECT_EQ(BLOCK_BYTES / BASE_PAGE, pages_of_pass());

	for (i = 0; i < PLANTED; i++)
		lost += sigbus_on_load(self->planted.addr[i], &seen);
	EXPECT_EQ(PLANTED, lost);
	for (i = 0; i < PAGES; i++)
		if (i % STRIDE)
			EXPECT_EQ(-1, pattern_check(p + i * BASE_PAGE,
						    i * BASE_PAGE, BASE_PAGE));
}

TEST_HARNESS_MAIN
