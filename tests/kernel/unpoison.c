// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 16: unpoison_memory() makes raw pages usable again after the
 * release, for simulated errors only.  A real one disables it for the rest of
 * the boot, so this program runs before those that consume poison.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <stdbool.h>
#include <kselftest_harness.h>

#include "control.h"
#include "counters.h"
#include "holder.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"

FIXTURE(unpoison)
{
	struct holder holder;
};

FIXTURE_VARIANT(unpoison)
{
	size_t size;
	enum error_way way;
};

FIXTURE_VARIANT_ADD(unpoison, 2M_inject)
{
	.size = SIZE_2M,
	.way = ERROR_INJECT,
};

FIXTURE_VARIANT_ADD(unpoison, 2M_madvise)
{
	.size = SIZE_2M,
	.way = ERROR_MADVISE,
};

FIXTURE_VARIANT_ADD(unpoison, 1G_inject)
{
	.size = SIZE_1G,
	.way = ERROR_INJECT,
};

FIXTURE_SETUP(unpoison)
{
	self->holder.pid = -1;
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(variant->size, 1));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(unpoison)
{
	const size_t first = 0;

	holder_end(&self->holder);
	holder_repair(&self->holder, &first, 1);
}

static bool is_raw(unsigned long pfn)
{
	return (page_flags(pfn) & (PAGE_HWPOISON | PAGE_HUGE | PAGE_BUDDY)) ==
	       PAGE_HWPOISON;
}

static bool is_usable(unsigned long pfn)
{
	return !(page_flags(pfn) & (PAGE_HWPOISON | PAGE_HUGE));
}

TEST_F_TIMEOUT(unpoison, gives_raw_pages_back, 120)
{
	const size_t pages[] = { 0, 1, variant->size / BASE_PAGE - 1 };
	const size_t n = ARRAY_SIZE(pages);
	struct error_counters before, now;
	struct pool pool, after;
	unsigned long pfn;
	size_t i;

	error_counters_read(&before);
	ASSERT_EQ(0, pool_read(variant->size, &pool));
	ASSERT_EQ(0, holder_start(&self->holder, variant->size, pages, n,
				  variant->way));
	ASSERT_EQ(0, holder_release(&self->holder, RELEASE_CLOSE, 0));
	for (i = 0; i < n; i++) {
		pfn = hugepage_pfn(&self->holder.hp, pages[i] * BASE_PAGE);
		ASSERT_TRUE(poll_until(is_raw(pfn)));
		ASSERT_EQ(0, error_unpoison_pfn(pfn));
		EXPECT_TRUE(is_usable(pfn));
		error_counters_read(&now);
		EXPECT_EQ(before.corrupted_kb + 4 * (long)(n - i - 1),
			  now.corrupted_kb);
		EXPECT_EQ(-EBUSY, error_unpoison_pfn(pfn));
	}
	ASSERT_EQ(0, pool_read(variant->size, &after));
	EXPECT_EQ(pool.nr - 1, after.nr);
	EXPECT_EQ(pool.free - 1, after.free);
}

TEST_HARNESS_MAIN
