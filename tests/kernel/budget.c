// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 22: consumption of known poison and its log lines are limited; a
 * process that exceeds the limit loses the huge page.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "fdinfo.h"
#include "filled.h"
#include "hugepage.h"
#include "kmsg.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "sigbus.h"

#define SYSFS	"/sys/kernel/mm/mf_keep/"
#define SETTING	SYSFS "max_repeats"
#define WORK_CPUS "/sys/devices/virtual/workqueue/cpumask"
#define RT_SHARE "/proc/sys/kernel/sched_rt_runtime_us"
#define LIMIT	20
#define WINDOW_S 10

FIXTURE(kept)
{
	struct filled f;
	char *raw;
	long repeats, unmapped;	/* counters before the test */
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	filled_create(_metadata, &self->f, SIZE_2M);
	self->raw = self->f.hp.map + self->f.raw[0];
	ASSERT_EQ(0, procfile_write(SETTING, "%d", LIMIT));
	self->repeats = procfile_number(SYSFS "repeats");
	self->unmapped = procfile_number(SYSFS "unmapped");
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	procfile_write(SETTING, "100");
	procfile_write(WORK_CPUS, "ff");
	procfile_write(RT_SHARE, "950000");
	lab_poison_clear();
}

/* @n loads, each of which raises SIGBUS for the base page. */
static void consume(struct __test_metadata *_metadata, const char *raw, int n)
{
	struct sigbus seen;

	while (n--) {
		ASSERT_TRUE(sigbus_on_load(raw, &seen));
		EXPECT_EQ(12, seen.lsb);
	}
}

/*
 * One load more than the limit.  Its si_addr_lsb is not checked: it depends on
 * whether the folio is still mapped when the kernel looks for the address.
 */
static void spend_last(struct __test_metadata *_metadata, const char *raw)
{
	struct sigbus seen;

	ASSERT_TRUE(sigbus_on_load(raw, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
}

static void spend_budget(struct __test_metadata *_metadata, const char *raw)
{
	consume(_metadata, raw, LIMIT);
	spend_last(_metadata, raw);
}

static bool is_unmapped(const char *p, int lsb)
{
	struct sigbus seen;

	return sigbus_on_load(p, &seen) && seen.code == BUS_MCEERR_AR &&
	       seen.lsb == lsb;
}

/* As without the policy: no byte is readable, and no load a machine check. */
static void expect_ended(struct __test_metadata *_metadata,
			 const struct filled *f, int lsb)
{
	int64_t hits = lab_poison_hits();
	char *second = hugepage_map(&f->hp);
	size_t i;

	for (i = 0; i < RAW_PAGES; i++) {
		EXPECT_TRUE(is_unmapped(f->hp.map + f->raw[i], lsb));
		EXPECT_TRUE(is_unmapped(second + f->raw[i] + BASE_PAGE * 8,
					lsb));
	}
	EXPECT_EQ(hits, lab_poison_hits());
	munmap(second, f->hp.size);
}

static bool said_to_be_unmapped(const struct filled *f)
{
	return kmsg_count("%#lx: kept huge page unmapped: its known poison was consumed more than %d times in %d s",
			  hugepage_pfn(&f->hp, 0), LIMIT, WINDOW_S) == 1;
}

TEST_F(kept, unmapped_beyond_budget)
{
	consume(_metadata, self->raw, LIMIT);
	EXPECT_EQ(self->repeats + LIMIT, procfile_number(SYSFS "repeats"));
	EXPECT_EQ(self->unmapped, procfile_number(SYSFS "unmapped"));

	spend_last(_metadata, self->raw);
	ASSERT_TRUE(poll_until(procfile_number(SYSFS "unmapped") ==
			       self->unmapped + 1));
	expect_ended(_metadata, &self->f, 21);
	EXPECT_TRUE(poll_until(said_to_be_unmapped(&self->f)));
}

FIXTURE(gigantic)
{
	struct filled f;
};

FIXTURE_SETUP(gigantic)
{
	ASSERT_EQ(0, pool_want(SIZE_1G, 1));
	filled_create(_metadata, &self->f, SIZE_1G);
	ASSERT_EQ(0, procfile_write(SETTING, "%d", LIMIT));
}

FIXTURE_TEARDOWN_PARENT(gigantic)
{
	procfile_write(SETTING, "100");
	lab_poison_clear();
}

TEST_F(gigantic, unmapped_beyond_budget)
{
	spend_budget(_metadata, self->f.hp.map + self->f.raw[1]);
	ASSERT_TRUE(poll_until(said_to_be_unmapped(&self->f)));
	expect_ended(_metadata, &self->f, 30);
}

/* Faults on the unmapped page do not flood the log. */
TEST_F(kept, lines_after_the_end)
{
	struct sigbus seen;
	int i;

	spend_budget(_metadata, self->raw);
	ASSERT_TRUE(poll_until(is_unmapped(self->raw, 21)));
	for (i = 0; i < 1000; i++)
		ASSERT_TRUE(sigbus_on_load(self->raw, &seen));
	EXPECT_GE(100, kmsg_count("hardware memory corruption fault"));
}

/* read(2) still returns the healthy bytes. */
TEST_F(kept, read_after_the_end)
{
	char want[64] __attribute__((aligned(8))), data[64];

	spend_budget(_metadata, self->raw);
	ASSERT_TRUE(poll_until(is_unmapped(self->raw, 21)));
	pattern_fill(want, BASE_PAGE, sizeof(want));
	ASSERT_EQ(sizeof(data), pread(self->f.hp.fd, data, sizeof(data),
				      BASE_PAGE));
	EXPECT_EQ(0, memcmp(want, data, sizeof(data)));
	EXPECT_EQ(-1, pread(self->f.hp.fd, data, 64, self->f.raw[0]));
	EXPECT_EQ(EIO, errno);
}

/* The folio can no longer be mapped, so fdinfo lists all of it as lost. */
TEST_F(kept, fdinfo_has_all_of_it)
{
	char want[64];

	spend_budget(_metadata, self->raw);
	ASSERT_TRUE(poll_until(is_unmapped(self->raw, 21)));
	snprintf(want, sizeof(want), "0x0+%#zx", SIZE_2M);
	EXPECT_STREQ(want, fdinfo_ranges(self->f.hp.fd));
}

/* At the release, still only the raw pages are lost; the first page is none of them. */
TEST_F(kept, released_as_ever)
{
	struct pool before, after;

	ASSERT_EQ(0, pool_read(SIZE_2M, &before));
	spend_budget(_metadata, self->raw);
	ASSERT_TRUE(poll_until(is_unmapped(self->raw, 21)));
	hugepage_close(&self->f.hp);
	ASSERT_TRUE(pool_wait_nr(SIZE_2M, before.nr - 1, &after));
	EXPECT_TRUE(poll_until(
		kmsg_count("%#lx: kept huge page left the pool: %d of %zu base pages lost",
			   hugepage_pfn(&self->f.hp, 0), RAW_PAGES,
			   SIZE_2M / BASE_PAGE) == 1));
	EXPECT_FALSE(page_flags(hugepage_pfn(&self->f.hp, 0)) & PAGE_HWPOISON);
	EXPECT_TRUE(page_flags((self->f.hp.pa + self->f.raw[0]) / BASE_PAGE) &
		    PAGE_HWPOISON);
}

/* A machine check in a system call counts like one in user mode. */
TEST_F(kept, system_calls_count)
{
	int ends[2], i;

	ASSERT_EQ(0, pipe2(ends, O_NONBLOCK));
	/* The kernel reports in batches; a page counts once per batch. */
	for (i = 0; i < 10 * LIMIT && !kmsg_count("kept huge page unmapped");
	     i++) {
		EXPECT_EQ(-1, write(ends[1], self->raw, 64));
		EXPECT_EQ(EFAULT, errno);
		usleep(5000);
	}
	ASSERT_TRUE(poll_until(procfile_number(SYSFS "unmapped") ==
			       self->unmapped + 1));
	expect_ended(_metadata, &self->f, 21);
}

/* Other processes that map the folio lose it too, as on stock. */
TEST_F(kept, who_shares_it_loses_it)
{
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct sigbus seen;
		int i;

		for (i = 0; i <= LIMIT; i++)
			sigbus_on_load(self->raw, &seen);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(poll_until(procfile_number(SYSFS "unmapped") ==
			       self->unmapped + 1));
	expect_ended(_metadata, &self->f, 21);
}

/*
 * The unmapping waits for a CPU that the consumer does not give away: work that is
 * bound to none may run on its CPU only, and it has real-time priority.
 */
static void consume_for_ever(const char *raw)
{
	const struct sched_param first = { .sched_priority = 50 };
	struct sigbus seen;

	if (sched_setscheduler(0, SCHED_FIFO, &first))
		_exit(1);
	for (;;)
		sigbus_on_load(raw, &seen);
}

static int stay_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

TEST_F(kept, killed_beyond_twice_the_budget)
{
	pid_t child;
	int status;

	ASSERT_EQ(0, procfile_write(WORK_CPUS, "1"));
	ASSERT_EQ(0, procfile_write(RT_SHARE, "-1"));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (!stay_on_cpu(0))
			consume_for_ever(self->raw);
		_exit(2);
	}
	ASSERT_EQ(0, stay_on_cpu(1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFSIGNALED(status)) { TH_LOG("exit status %#x", status); }
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	EXPECT_EQ(self->repeats + 2 * LIMIT, procfile_number(SYSFS "repeats"));
	EXPECT_TRUE(poll_until(said_to_be_unmapped(&self->f)));
}

/* Each window starts with a full budget. */
TEST_F(kept, within_budget_for_ever)
{
	consume(_metadata, self->raw, LIMIT);
	sleep(WINDOW_S + 1);
	consume(_metadata, self->raw, LIMIT);
	EXPECT_EQ(self->unmapped, procfile_number(SYSFS "unmapped"));
	filled_expect_in_place(_metadata, &self->f, self->f.hp.map);
}

TEST_F(kept, no_limit)
{
	ASSERT_EQ(0, procfile_write(SETTING, "0"));
	consume(_metadata, self->raw, 5 * LIMIT);
	EXPECT_EQ(self->unmapped, procfile_number(SYSFS "unmapped"));
}

/* Invalid values are refused and change nothing. */
TEST(setting_refuses_junk)
{
	static const char *const junk[] = {
		"x", "-1", "1x", "4294967296", "99999999999999999999",
	};
	size_t i;

	CONTROL_READY();
	ASSERT_EQ(0, procfile_write(SETTING, "%d", LIMIT));
	for (i = 0; i < sizeof(junk) / sizeof(*junk); i++) {
		EXPECT_GT(0, procfile_write(SETTING, "%s", junk[i]))
			TH_LOG("'%s'", junk[i]);
		EXPECT_EQ(LIMIT, procfile_number(SETTING));
	}
	EXPECT_EQ(0, procfile_write(SETTING, "100"));

	ASSERT_EQ(0, seteuid(1000));
	EXPECT_EQ(-1, open(SETTING, O_WRONLY));
	EXPECT_EQ(EACCES, errno);
	ASSERT_EQ(0, seteuid(0));
}

TEST_HARNESS_MAIN
