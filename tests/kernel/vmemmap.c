// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stock 6.12 with vmemmap optimisation and DEBUG_VM: a pool that shrinks gets
 * "Bad page state ... corrupted mapping in tail page", as the restored tail
 * struct pages are copies of ones in use.  keep frees folios the same way
 * (rule 13), so the series mends that first; this is its reproducer.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pool.h"
#include "procfile.h"

#define OPTIMIZE	"/proc/sys/vm/hugetlb_optimize_vmemmap"
#define PAGES		16

FIXTURE(vmemmap)
{
	long optimize;
	struct pool before;
};

FIXTURE_SETUP(vmemmap)
{
	self->optimize = procfile_number(OPTIMIZE);
	ASSERT_LE(0, self->optimize);
	ASSERT_EQ(0, pool_read(SIZE_2M, &self->before));
	CONTROL_READY();
}

FIXTURE_TEARDOWN(vmemmap)
{
	pool_set(SIZE_2M, self->before.nr);
	procfile_write(OPTIMIZE, "%ld", self->optimize);
}

TEST_F(vmemmap, bad_page_state_when_pool_shrinks)
{
	const long nr = self->before.nr;

	ASSERT_EQ(0, procfile_write(OPTIMIZE, "1"));
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(nr + PAGES, pool_set(SIZE_2M, nr + PAGES));
	ASSERT_EQ(nr, pool_set(SIZE_2M, nr));
	EXPECT_EQ(0, kmsg_count("Bad page state"));
}

/* Pages go in and out with the optimisation switched in between. */
TEST_F(vmemmap, bad_page_state_when_switched_off)
{
	const long nr = self->before.nr;

	ASSERT_EQ(0, procfile_write(OPTIMIZE, "1"));
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(nr + PAGES, pool_set(SIZE_2M, nr + PAGES));
	ASSERT_EQ(0, procfile_write(OPTIMIZE, "0"));
	ASSERT_EQ(nr, pool_set(SIZE_2M, nr));
	EXPECT_EQ(0, kmsg_count("Bad page state"));
}

TEST_HARNESS_MAIN
