// SPDX-License-Identifier: GPL-2.0-only
/*
 * Defects of stock 6.12 with vmemmap optimisation (HVO) and DEBUG_VM.  keep
 * cannot be silent with HVO (rule 13) unless the series mends them first;
 * these are their reproducers.
 */
#define _GNU_SOURCE
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pool.h"
#include "procfile.h"

#define OPTIMIZE	"/proc/sys/vm/hugetlb_optimize_vmemmap"
#define PAGES		4

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

/*
 * "Bad page state ... corrupted mapping in tail page": restored tail struct
 * pages are copies of ones in use.
 */
TEST_F(vmemmap, bad_page_state_when_pool_shrinks)
{
	const long nr = self->before.nr;

	ASSERT_EQ(0, procfile_write(OPTIMIZE, "1"));
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(nr + PAGES, pool_set(SIZE_2M, nr + PAGES));
	ASSERT_EQ(nr, pool_set(SIZE_2M, nr));
	EXPECT_EQ(0, kmsg_count("Bad page state"));
}

/*
 * "WARNING ... vmemmap_remap_pte": tail struct pages of a gigantic page from
 * the command line are not initialised yet when they are optimised away.  The
 * boot must have had one, and HVO on.
 */
TEST(warning_for_gigantic_page_of_the_boot)
{
	static char cmdline[4096];

	ASSERT_LT(0, procfile_read("/proc/cmdline", cmdline, sizeof(cmdline)));
	ASSERT_NE(NULL, strstr(cmdline, "hugepagesz=1G"));
	ASSERT_NE(NULL, strstr(cmdline, " hugepages="));
	ASSERT_NE(NULL, strstr(cmdline, "hugetlb_free_vmemmap=on"));
	CONTROL_READY();
	ASSERT_EQ(0, kmsg_start_at_boot());
	ASSERT_EQ(1, kmsg_count("registered 1.00 GiB page size, pre-allocated"));
	ASSERT_EQ(0, kmsg_count("registered 1.00 GiB page size, pre-allocated 0"));
	EXPECT_EQ(0, kmsg_count("vmemmap_remap_pte"));
}

TEST_HARNESS_MAIN
