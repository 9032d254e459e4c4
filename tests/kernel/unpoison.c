// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 16: unpoison_memory() makes raw pages usable again after the
 * release, for simulated errors only.  A real one disables it for the rest of
 * the boot, so this program runs before those that consume poison.  And errors
 * that hwpoison_filter() refuses are not recorded.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poison.h>
#include <stdbool.h>
#include <sys/mman.h>
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
#include "sigbus.h"

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

/* Nothing is left of the folio that it was a part of. */
static bool is_raw(unsigned long pfn)
{
	return page_flags(pfn) == PAGE_HWPOISON;
}

static bool is_usable(unsigned long pfn)
{
	return !(page_flags(pfn) & (PAGE_HWPOISON | PAGE_HUGE));
}

/*
 * How many of the holder's pages are free.  A page that has just been freed is with
 * its CPU: memory_failure() has all of these back, so one more error does.
 */
static size_t count_free(const struct holder *h, const size_t *pages, size_t n,
			 const char *other)
{
	unsigned long pfn = pagemap_pfn(other);
	size_t i, free = 0;

	error_inject_pfn(pfn);
	for (i = 0; i < n; i++)
		free += !!(page_flags(hugepage_pfn(&h->hp, pages[i] * BASE_PAGE)) &
			   PAGE_BUDDY);
	error_unpoison_pfn(pfn);
	return free;
}

static char *map_base_page(void)
{
	return mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
}

TEST_F_TIMEOUT(unpoison, gives_raw_pages_back, 120)
{
	const size_t pages[] = {
		0, 1, 7, 8, 31, 32, 60, 64, 100, 127, 200, 256, 300, 400, 510,
		variant->size / BASE_PAGE - 1
	};
	const size_t n = ARRAY_SIZE(pages);
	struct error_counters before, now;
	struct pool pool, after;
	char *other = map_base_page();
	unsigned long pfn;
	size_t i;

	ASSERT_NE(MAP_FAILED, other);
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
	/* Others may have taken some. */
	EXPECT_LE(n / 2, count_free(&self->holder, pages, n, other));
	ASSERT_EQ(0, pool_read(variant->size, &after));
	EXPECT_EQ(pool.nr - 1, after.nr);
	EXPECT_EQ(pool.free - 1, after.free);
}

#define FILTER	"/sys/kernel/debug/hwpoison/corrupt-filter-"

/*
 * Tests of others say by a filter which pages errors are for.  Not for base, which
 * marks the page when it takes back the record.
 */
FIXTURE(filter)
{
	struct hugepage hp;
};

FIXTURE_SETUP(filter)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	sigbus_catch();
	*self->hp.map = 1;
	ASSERT_EQ(0, procfile_write(FILTER "flags-mask", "%#llx", PAGE_HUGE));
	ASSERT_EQ(0, procfile_write(FILTER "flags-value", "0"));
	ASSERT_EQ(0, procfile_write(FILTER "enable", "1"));
}

FIXTURE_TEARDOWN_PARENT(filter)
{
	procfile_write(FILTER "enable", "0");
	procfile_write(FILTER "flags-mask", "0");
	hugepage_close(&self->hp);
}

TEST_F(filter, leaves_what_it_does_not_want)
{
	struct error_counters before, after;
	struct sigbus seen = {};

	error_counters_read(&before);
	/* No signal, and success: the kernel has left it alone. */
	EXPECT_EQ(-ENODATA, error_raise(&self->hp, 0, ERROR_MADVISE, &seen));
	error_counters_read(&after);
	EXPECT_EQ(before.corrupted_kb, after.corrupted_kb);
	EXPECT_EQ(before.total, after.total);
	EXPECT_EQ(1, *self->hp.map);
	EXPECT_FALSE(page_flags(hugepage_pfn(&self->hp, 0)) & PAGE_HWPOISON);
}

TEST_HARNESS_MAIN
