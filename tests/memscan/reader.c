// SPDX-License-Identifier: GPL-2.0-only
/*
 * memscan finds poison in the page cache before the kernel copies it to a
 * reader, which would panic the machine.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "cachedfile.h"
#include "control.h"
#include "hugepage.h"
#include "pages.h"
#include "pattern.h"
#include "ranges.h"
#include "scanner.h"
#include "sigbus.h"

FIXTURE(reader)
{
	struct cachedfile file;
};

FIXTURE_SETUP(reader)
{
	ASSERT_EQ(0, cachedfile_create(&self->file));
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(reader)
{
	scanner_end();
}

/* The page is dropped, and the reader gets the data from disk. */
TEST_F(reader, of_a_cached_file)
{
	static char page[BASE_PAGE];

	ASSERT_EQ(0, lab_poison_add(self->file.pa + BASE_PAGE / 2, 1));
	CONTROL_READY();
	CONTROL_FATAL();
	ASSERT_EQ(0, range_read(self->file.pa, BASE_PAGE));
	ASSERT_EQ(BASE_PAGE, pread(self->file.fd, page, BASE_PAGE, 0));
	EXPECT_EQ(-1, pattern_check(page, 0, BASE_PAGE));
	EXPECT_EQ(0, sigbus_optional(NULL));
	EXPECT_TRUE(page_is_isolated(self->file.pa / BASE_PAGE));
	EXPECT_EQ(1, range_hits("recovered"));
}

TEST_HARNESS_MAIN
