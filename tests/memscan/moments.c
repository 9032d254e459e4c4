// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hits come at bad moments too, as while the module is unloaded.  None is lost,
 * and none found twice.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <stdbool.h>
#include <kselftest_harness.h>

#include "hugepage.h"
#include "pages.h"
#include "scanner.h"

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

TEST_HARNESS_MAIN
