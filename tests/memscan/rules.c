// SPDX-License-Identifier: GPL-2.0-only
/*
 * What memscan reads and skips, when it refuses to scan, and its settings.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <poison.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "census.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pages.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "scanner.h"

#define RECOVERY_SYSCTL	"/proc/sys/vm/memory_failure_recovery"
#define TRACING		"/sys/kernel/tracing/"
/* Timeout of a test with a whole node, on a debug kernel */
#define LONG_SECONDS	120
#define RAM_PA		(1UL << 20)	/* after the hole of the BIOS */
#define BURST_BYTES	(4UL << 20)	/* what memscan reads in one burst */

FIXTURE(rules)
{
};

FIXTURE_SETUP(rules)
{
	ASSERT_EQ(0, scanner_load("force=1"));
}

FIXTURE_TEARDOWN_PARENT(rules)
{
	procfile_write(RECOVERY_SYSCTL, "1");
	lab_poison_clear();
	scanner_unload();
}

TEST_F(rules, off_by_default)
{
	EXPECT_EQ(0, scanner_figure("node0/enabled"));
	EXPECT_TRUE(scanner_comes_to("node0/state", "idle"));
	EXPECT_EQ(0, scanner_figure("node0/read_bytes"));
	EXPECT_EQ(86400, scanner_figure("node0/cycle_seconds"));
	EXPECT_EQ(10, scanner_figure("node0/max_cpu_percent"));
	EXPECT_STREQ("all", scanner_text("node0/scope"));
}

static long skipped(const char *reason)
{
	char file[64];

	snprintf(file, sizeof(file), "node0/last_pass/%s_pages", reason);
	return scanner_figure(file);
}

/* Each present page of the node is read, or skipped for one reason. */
static long present_pages_of_pass(void)
{
	return skipped("read") + skipped("leaving") + skipped("offline") +
	       skipped("hwpoison") + skipped("known") + skipped("scope") +
	       skipped("unmapped");
}

static long present_pages(void)
{
	struct census census;

	return census_take(0, &census) ? -1 : census.zoneinfo;
}

TEST_F_TIMEOUT(rules, a_pass_covers_the_node, LONG_SECONDS)
{
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_LT(0, skipped("read"));
	EXPECT_EQ(present_pages(), present_pages_of_pass());
	EXPECT_LE(scanner_figure("node0/last_pass/start_seconds"),
		  scanner_figure("node0/last_pass/end_seconds"));
}

/* Pages marked as poisoned are counted instead of read. */
TEST_F(rules, known_poison_is_skipped)
{
	char *p = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int64_t pa = lab_pa(p), hits;

	ASSERT_LT(0, pa);
	ASSERT_EQ(0, lab_poison_add(pa, 1));
	signal(SIGBUS, SIG_IGN);
	ASSERT_EQ(0, scanner_read(pa, BASE_PAGE));
	EXPECT_EQ(1, scanner_figure("demand/last_pass/hits"));
	hits = lab_poison_hits();
	ASSERT_EQ(0, scanner_read(pa, BASE_PAGE));
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(1, scanner_figure("demand/last_pass/hwpoison_pages"));
	EXPECT_EQ(0, scanner_figure("demand/last_pass/read_pages"));
}

/* The tracepoint names scan, place and outcome in words. */
TEST_F(rules, a_hit_is_traced)
{
	static char trace[1 << 16];
	char *p = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int64_t pa = lab_pa(p);
	char line[128];

	ASSERT_EQ(0, procfile_write(TRACING "events/memscan/enable", "1"));
	ASSERT_LT(0, pa);
	ASSERT_EQ(0, lab_poison_add(pa + 64, 1));
	ASSERT_EQ(0, scanner_read(pa, BASE_PAGE));
	ASSERT_LT(0, procfile_read(TRACING "trace", trace, sizeof(trace)));
	snprintf(line, sizeof(line),
		 "memscan_hit: demand pfn=%#lx offset=0x40 outcome=recovered",
		 (unsigned long)pa / BASE_PAGE);
	EXPECT_NE(NULL, strstr(trace, line));
	EXPECT_NE(NULL, strstr(trace, "memscan_pass: demand end read_pages=1 hits=1"));
	ASSERT_EQ(0, procfile_write(TRACING "events/memscan/enable", "0"));
}

/* The hugetlb memory of node 0, in base pages. */
static long hugetlb_pages(void)
{
	static const size_t sizes[] = { SIZE_2M, SIZE_1G };
	struct pool pool;
	long pages = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		if (!pool_read_node(sizes[i], 0, &pool))
			pages += pool.nr * (sizes[i] / BASE_PAGE);
	return pages;
}

TEST_F_TIMEOUT(rules, scope_hugetlb, LONG_SECONDS)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	ASSERT_EQ(0, scanner_set("node0/scope", "hugetlb"));
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_LT(0, hugetlb_pages());
	EXPECT_EQ(hugetlb_pages(), skipped("read"));
	/* The scope of that pass, not of the next one */
	ASSERT_EQ(0, scanner_set("node0/scope", "all"));
	EXPECT_STREQ("hugetlb", scanner_text("node0/last_pass/scope"));
	EXPECT_EQ(present_pages(), present_pages_of_pass());
}

TEST_F_TIMEOUT(rules, scope_nohugetlb, LONG_SECONDS)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	ASSERT_EQ(0, scanner_set("node0/scope", "nohugetlb"));
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_EQ(hugetlb_pages(), skipped("scope"));
	EXPECT_EQ(present_pages(), present_pages_of_pass());
}

TEST_F(rules, pause)
{
	ASSERT_EQ(0, scanner_set("pause", "1"));
	ASSERT_EQ(0, scanner_start(RAM_PA, BASE_PAGE));
	EXPECT_TRUE(scanner_comes_to("demand/state", "paused"));
	EXPECT_EQ(-EBUSY, scanner_start(RAM_PA, BASE_PAGE));
	EXPECT_EQ(0, scanner_figure("demand/read_bytes"));
	ASSERT_EQ(0, scanner_set("pause", "0"));
	EXPECT_TRUE(poll_until(scanner_figure("demand/passes") == 1));
	EXPECT_EQ(BASE_PAGE, scanner_figure("demand/read_bytes"));
}

/* Resume, and wait until the first burst is under way. */
static int let_begin(void)
{
	int err = scanner_set("pause", "0");

	while (!err && strcmp(scanner_text("demand/state"), "scanning") &&
	       scanner_figure("demand/enabled"))
		;
	return err;
}

/*
 * The last request counts, whether the range before it was stopped while paused
 * or in the middle of its only burst.
 */
TEST_F(rules, a_range_can_be_stopped)
{
	enum { ROUNDS = 32 };
	int64_t pa = lab_pa(pages_map(1));
	long passes;
	int i;

	ASSERT_LT(0, pa);
	EXPECT_EQ(0, scanner_figure("demand/enabled"));
	EXPECT_EQ(0, scanner_set("demand/enabled", "0"));
	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, scanner_set("pause", "1"));
		ASSERT_EQ(0, scanner_start(RAM_PA, BURST_BYTES));
		EXPECT_EQ(1, scanner_figure("demand/enabled"));
		EXPECT_EQ(-EBUSY, scanner_start(pa, BASE_PAGE));
		if (i % 2)
			ASSERT_EQ(0, let_begin());
		ASSERT_EQ(0, scanner_set("demand/enabled", "0"));
		EXPECT_EQ(0, scanner_figure("demand/enabled"));
		passes = scanner_figure("demand/passes");

		ASSERT_EQ(0, scanner_set("pause", "0"));
		ASSERT_EQ(0, scanner_read(pa, BASE_PAGE));
		EXPECT_EQ(1, scanner_figure("demand/last_pass/read_pages"));
		EXPECT_EQ(passes + 1, scanner_figure("demand/passes"));
		EXPECT_EQ(0, scanner_figure("demand/enabled"));
	}
	EXPECT_TRUE(scanner_comes_to("demand/state", "idle"));
}

/* After too many errors the scan stops, shows why, and reads no further. */
TEST_F(rules, stops_at_max_hits)
{
	enum { PAGES = 4 };
	char *p = mmap(NULL, PAGES * BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int64_t pa, low = INT64_MAX, high = 0;
	int i;

	for (i = 0; i < PAGES; i++) {
		pa = lab_pa(p + i * BASE_PAGE);
		ASSERT_EQ(0, lab_poison_add(pa, 1));
		low = pa < low ? pa : low;
		high = pa > high ? pa : high;
	}
	high += BASE_PAGE;
	signal(SIGBUS, SIG_IGN);
	ASSERT_EQ(0, scanner_set("max_hits", "2"));
	ASSERT_EQ(0, scanner_start(low, high - low));
	EXPECT_TRUE(scanner_comes_to("demand/state",
				     "stopped: max_hits reached"));
	EXPECT_EQ(2, scanner_figure("demand/hits/recovered"));
	EXPECT_EQ(0, scanner_figure("demand/passes"));

	/* Started again, it finds the rest */
	ASSERT_EQ(0, scanner_set("max_hits", "3"));
	ASSERT_EQ(0, scanner_start(low, high - low));
	EXPECT_TRUE(poll_until(scanner_figure("demand/passes") == 1));
	EXPECT_EQ(PAGES, scanner_figure("demand/hits/recovered"));
}

/* memory_failure() would panic, so not even force makes it scan. */
TEST_F(rules, no_recovery_no_scan)
{
	ASSERT_EQ(0, procfile_write(RECOVERY_SYSCTL, "0"));
	EXPECT_EQ(-EPERM, scanner_start(RAM_PA, BASE_PAGE));
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	EXPECT_TRUE(poll_until(!strncmp(scanner_text("node0/state"),
		"refused: vm.memory_failure_recovery is 0", 40)));
	EXPECT_EQ(0, scanner_figure("node0/read_bytes"));
	ASSERT_EQ(0, procfile_write(RECOVERY_SYSCTL, "1"));
	EXPECT_TRUE(poll_until(scanner_figure("node0/read_bytes") > 0));
}

/* Without force it refuses, because the host scans for its guests. */
TEST_F(rules, refuses_in_a_guest)
{
	ASSERT_EQ(0, scanner_unload());
	ASSERT_EQ(0, scanner_load(""));
	EXPECT_STREQ("hypervisor: refused: this is a virtual machine, whose host scans its memory",
		     scanner_text("capability"));
	EXPECT_EQ(-EPERM, scanner_start(RAM_PA, BASE_PAGE));
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	EXPECT_TRUE(scanner_comes_to("node0/state",
		"refused: this is a virtual machine, whose host scans its memory"));
	EXPECT_EQ(0, scanner_figure("node0/read_bytes"));
}

static bool is_refused(const char *file, const char *value)
{
	int err = scanner_set(file, value);

	if (err != -EINVAL)
		printf("# %s: '%s' gives %d\n", file, value, err);
	return err == -EINVAL;
}

/* A refused value changes nothing. */
TEST_F(rules, bad_values)
{
	static const char *const never[] = {
		"junk", "-1", "+1", "1 1", "1s", "0x", " ", "\n",
		"18446744073709551616", "99999999999999999999999999999999",
	};
	static const struct {
		const char *file;
		const char *values[5];
	} bad[] = {
		{ "pause", { "2" } },
		{ "max_hits", { "0", "4294967296" } },
		{ "scan_size", { "0", "1", "4097", "0x8000000000000000" } },
		{ "scan_addr", { "1", "0xfffffffff000", "0xfffffffffffff000",
				 "0x100001" } },
		{ "demand/enabled", { "1", "2" } },
		{ "node0/enabled", { "2" } },
		{ "node0/cycle_seconds", { "0", "31622401" } },
		{ "node0/max_cpu_percent", { "0", "101" } },
		{ "node0/scope", { "every", "all hugetlb" } },
	};
	char before[64];
	size_t i, v;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		strcpy(before, scanner_text(bad[i].file));
		for (v = 0; v < ARRAY_SIZE(never); v++)
			EXPECT_TRUE(is_refused(bad[i].file, never[v]));
		for (v = 0; v < 5 && bad[i].values[v]; v++)
			EXPECT_TRUE(is_refused(bad[i].file, bad[i].values[v]));
		EXPECT_STREQ(before, scanner_text(bad[i].file));
	}
	EXPECT_EQ(0, scanner_figure("demand/passes"));
	EXPECT_STREQ("idle", scanner_text("demand/state"));
}

/* A written value is read back; a leading zero does not make it octal. */
TEST_F(rules, values_are_kept)
{
	static const struct {
		const char *file, *value, *shown;
	} good[] = {
		{ "pause", "1", "1" }, { "max_hits", "1", "1" },
		{ "scan_size", "8192", "8192" }, { "max_hits", "0100", "100" },
		{ "max_hits", "0x10", "16" }, { "max_hits", "0X1f", "31" },
		{ "node0/cycle_seconds", "31622400", "31622400" },
		{ "node0/max_cpu_percent", "09", "9" },
		{ "node0/scope", "free", "free" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, scanner_set(good[i].file, good[i].value));
		EXPECT_STREQ(good[i].shown, scanner_text(good[i].file));
	}
}

#define NOBODY	65534

/* What an unprivileged user can do with the files. */
static struct walked {
	uint64_t pa[2];		/* of all hits */
	int files, writable, readable, telling, told;
} walked;

static bool nobody_opens(const char *path, int flags)
{
	int fd;

	if (setegid(NOBODY) || seteuid(NOBODY))
		return true;
	fd = open(path, flags | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	if (seteuid(0) || setegid(0))
		return true;
	return fd >= 0;
}

/* Does it show the address of a hit, or its page frame number? */
static bool is_telling(const char *path)
{
	static char text[4096];
	uint64_t value;
	size_t i;

	if (procfile_read(path, text, sizeof(text)) < 0)
		return false;
	value = strtoull(text, NULL, 0);
	for (i = 0; i < ARRAY_SIZE(walked.pa); i++)
		if (value == walked.pa[i] || value == walked.pa[i] / BASE_PAGE)
			return true;
	return false;
}

static int look_at_file(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	bool writable, readable, telling;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	writable = nobody_opens(path, O_WRONLY);
	readable = nobody_opens(path, O_RDONLY);
	telling = is_telling(path);
	if (writable || (readable && telling))
		printf("# nobody may %s %s\n", writable ? "write" : "read",
		       path);
	walked.files++;
	walked.writable += writable;
	walked.readable += readable;
	walked.telling += telling;
	walked.told += readable && telling;
	return 0;
}

/*
 * An unprivileged user sees no physical address and changes nothing in any
 * file.  Three files show hits: scan_addr and both last_hit_pfn.
 */
TEST_F_TIMEOUT(rules, unprivileged, LONG_SECONDS)
{
	char *p = pages_map(ARRAY_SIZE(walked.pa));
	size_t i;

	ASSERT_NE(NULL, p);
	signal(SIGBUS, SIG_IGN);
	for (i = 0; i < ARRAY_SIZE(walked.pa); i++) {
		walked.pa[i] = lab_pa(p + i * BASE_PAGE);
		ASSERT_EQ(0, lab_poison_add(walked.pa[i], 1));
	}
	ASSERT_EQ(0, scanner_read(walked.pa[0], BASE_PAGE));
	ASSERT_EQ(0, scanner_read_node());
	ASSERT_EQ(1, scanner_figure("demand/hits/recovered"));
	ASSERT_EQ(1, scanner_figure("node0/hits/recovered"));

	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, nftw(MEMSCAN, look_at_file, 16, FTW_PHYS));
	printf("# %d files, nobody reads %d\n", walked.files, walked.readable);
	EXPECT_EQ(0, walked.writable);
	EXPECT_EQ(3, walked.telling);
	EXPECT_EQ(0, walked.told);
	EXPECT_LT(walked.files / 2, walked.readable);
}

/* At any moment: while it reads, while paused, and after hits. */
/* A child that writes settings all the time, of modules that come and go. */
static pid_t write_settings(void)
{
	pid_t pid = fork();

	while (!pid)
		scanner_set("node0/cycle_seconds", "1");
	return pid;
}

TEST_F_TIMEOUT(rules, unload_at_any_time, LONG_SECONDS)
{
	char *p = mmap(NULL, 64 * BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	pid_t writer = write_settings();
	int i;

	signal(SIGBUS, SIG_IGN);
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(0, lab_poison_add(lab_pa(p + i * BASE_PAGE), 1));
		ASSERT_EQ(0, scanner_set("node0/cycle_seconds", "1"));
		ASSERT_EQ(0, scanner_set("node0/max_cpu_percent", "100"));
		ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
		ASSERT_EQ(0, scanner_start(lab_pa(p + i * BASE_PAGE), BASE_PAGE));
		if (i % 4 == 3)
			ASSERT_EQ(0, scanner_set("pause", "1"));
		ASSERT_EQ(0, scanner_unload());
		EXPECT_EQ(-1, access(MEMSCAN, F_OK));
		ASSERT_EQ(0, scanner_load("force=1"));
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
}

TEST_HARNESS_MAIN
