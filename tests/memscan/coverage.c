// SPDX-License-Identifier: GPL-2.0-only
/*
 * The age of a node's oldest read page: what makes it younger and what does not,
 * and what survives.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "polling.h"
#include "procfile.h"
#include "scanner.h"

#define LONG_SECONDS	240
#define COVERAGE	MEMSCAN "node0/coverage"

FIXTURE(coverage)
{
	time_t loaded;
};

FIXTURE_SETUP(coverage)
{
	self->loaded = time(NULL);
	ASSERT_EQ(0, scanner_load("force=1"));
}

FIXTURE_TEARDOWN_PARENT(coverage)
{
	scanner_unload();
}

static long age(void)
{
	return scanner_figure("node0/age_seconds");
}

/* Until it is older than this. */
static bool becomes_older(long seconds)
{
	return calmly_until(age() > seconds);
}

/* In seconds, rounded up: a pass may take many on a busy machine. */
static long since(time_t begin)
{
	return time(NULL) - begin + 1;
}

/* What was never read counts from when the module was loaded. */
TEST_F_TIMEOUT(coverage, a_pass_makes_it_young, LONG_SECONDS)
{
	long old, young;
	time_t begin;

	EXPECT_TRUE(becomes_older(2));
	begin = time(NULL);
	ASSERT_EQ(0, scanner_read_pass(0));
	young = age();
	EXPECT_GE(since(begin), young);
	ASSERT_TRUE(becomes_older(young + 2));
	/* A pass that has begun does not */
	ASSERT_EQ(0, scanner_set("node0/cycle_seconds", "31622400"));
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	old = age();
	ASSERT_TRUE(poll_until(scanner_figure("node0/rate_bytes_per_second") > 0));
	EXPECT_LE(old, age());
}

/* Each start goes on with what was read longest ago, so that all of it is read. */
TEST_F_TIMEOUT(coverage, restarts_do_not_starve_the_end, LONG_SECONDS)
{
	enum { RESTARTS = 12, SECONDS = 4 };
	int i;

	ASSERT_EQ(0, scanner_set("node0/cycle_seconds", "20"));
	ASSERT_EQ(0, scanner_set("node0/max_cpu_percent", "100"));
	for (i = 0; i < RESTARTS; i++) {
		ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
		sleep(SECONDS);
		ASSERT_EQ(0, scanner_set("node0/enabled", "0"));
		ASSERT_TRUE(scanner_comes_to("node0/state", "idle"));
	}
	CONTROL_READY();
	printf("# seen: oldest page %ld s after %ld s, passes: %ld\n", age(),
	       (long)(time(NULL) - self->loaded), scanner_figure("node0/passes"));
	EXPECT_LT(age() + 10, time(NULL) - self->loaded);
}

TEST_F_TIMEOUT(coverage, scopes_have_their_own, LONG_SECONDS)
{
	time_t begin;

	ASSERT_EQ(0, scanner_read_pass(0));
	ASSERT_TRUE(becomes_older(5));
	ASSERT_EQ(0, scanner_set("node0/scope", "free"));
	EXPECT_LT(5, age());
	begin = time(NULL);
	ASSERT_EQ(0, scanner_read_pass(0));
	EXPECT_LE(age(), since(begin));
	ASSERT_EQ(0, scanner_set("node0/scope", "all"));
	EXPECT_LT(since(begin), age());
	/* But a pass over all pages counts for each */
	begin = time(NULL);
	ASSERT_EQ(0, scanner_read_pass(0));
	ASSERT_EQ(0, scanner_set("node0/scope", "hugetlb"));
	EXPECT_LE(age(), since(begin));
}

/* As behind a reboot, except that the clock runs on. */
TEST_F_TIMEOUT(coverage, survives_a_reload, LONG_SECONDS)
{
	static char saved[4096], restored[4096];
	long before;

	ASSERT_EQ(0, scanner_read_pass(0));
	ASSERT_TRUE(becomes_older(5));
	ASSERT_LT(0, procfile_read(COVERAGE, saved, sizeof(saved)));
	before = age();
	ASSERT_EQ(0, scanner_unload());
	ASSERT_EQ(0, scanner_load("force=1"));
	EXPECT_GT(before, age());
	ASSERT_EQ(0, procfile_write(COVERAGE, "%s", saved));
	EXPECT_LE(before, age());
	ASSERT_LT(0, procfile_read(COVERAGE, restored, sizeof(restored)));
	EXPECT_STREQ(saved, restored);
	/* Of another node, or cut short, it is refused */
	EXPECT_EQ(-EINVAL, procfile_write(MEMSCAN "node1/coverage", "%s",
					  saved));
	saved[strlen(saved) - 1] = '\0';
	EXPECT_EQ(-EINVAL, procfile_write(COVERAGE, "%s", saved));
	ASSERT_LT(0, procfile_read(COVERAGE, saved, sizeof(saved)));
	EXPECT_STREQ(saved, restored);
}

TEST_HARNESS_MAIN
