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
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <kselftest_harness.h>

#include "census.h"
#include "control.h"
#include "directmap.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pages.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "ranges.h"
#include "scanner.h"

#define OPTIMIZE_VMEMMAP	"/proc/sys/vm/hugetlb_optimize_vmemmap"
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
	       skipped("hwpoison") + skipped("known") + skipped("broken") +
	       skipped("scope") + skipped("unmapped");
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
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	EXPECT_EQ(1, range_last("hits"));
	hits = lab_poison_hits();
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(1, range_last("hwpoison_pages"));
	EXPECT_EQ(0, range_last("read_pages"));
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
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	ASSERT_LT(0, procfile_read(TRACING "trace", trace, sizeof(trace)));
	snprintf(line, sizeof(line),
		 "memscan_hit: demand pfn=%#lx offset=0x40 outcome=recovered",
		 (unsigned long)pa / BASE_PAGE);
	EXPECT_NE(NULL, strstr(trace, line));
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

/* A pause is said to who asks for a range, which goes on afterwards. */
TEST_F(rules, pause)
{
	int fd = range_open();
	char line[256];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, range_order(fd, RAM_PA, BASE_PAGE, 100));
	ASSERT_EQ(0, scanner_set("pause", "1"));
	EXPECT_EQ(-EAGAIN, range_line(fd, line));
	EXPECT_EQ(-EBUSY, range_order(fd, RAM_PA, BASE_PAGE, 100));
	ASSERT_EQ(0, scanner_set("pause", "0"));
	ASSERT_LT(0, range_line(fd, line));
	EXPECT_EQ(0, strncmp("end read_pages=1 ", line, 17));
	EXPECT_EQ(0, range_line(fd, line));
	/* Then another one can follow */
	EXPECT_EQ(0, range_order(fd, RAM_PA, BASE_PAGE, 100));
	close(fd);
}

static void interrupt(int signal)
{
	(void)signal;
}

/* A signal interrupts a range, even a slow one, and nothing is read twice. */
TEST_F_TIMEOUT(rules, a_range_can_be_interrupted, LONG_SECONDS)
{
	enum { MIB = 64 };
	struct sigaction on_alarm = { .sa_handler = interrupt };
	struct itimerval soon = { .it_value.tv_usec = 100000 };
	int fd = range_open(), n, interrupts = 0;
	unsigned long pages = 0;
	char line[256] = "";

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sigaction(SIGALRM, &on_alarm, NULL));
	ASSERT_EQ(0, range_order(fd, RAM_PA, MIB << 20, 10));
	do {
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
		n = range_line(fd, line);
		interrupts += n == -EINTR;
	} while (n == -EINTR || !strncmp(line, "at ", 3));
	ASSERT_EQ(1, sscanf(line, "end read_pages=%lu", &pages));
	EXPECT_LT(0, interrupts);
	EXPECT_GE(MIB * 256, pages);
	EXPECT_LT(MIB * 128, pages);
	close(fd);
}

/* Each caller has its own, with its cap; they end in the order of these. */
TEST_F_TIMEOUT(rules, callers_do_not_mix, LONG_SECONDS)
{
	int slow = range_open(), fast = range_open();
	char line[256];

	ASSERT_LE(0, slow);
	ASSERT_LE(0, fast);
	ASSERT_EQ(0, range_order(slow, RAM_PA, 256 << 20, 1));
	ASSERT_EQ(0, range_order(fast, RAM_PA, BASE_PAGE, 100));
	ASSERT_LT(0, range_line(slow, line));
	EXPECT_EQ(0, strncmp("at 0x", line, 5));
	ASSERT_LT(0, range_line(fast, line));
	EXPECT_EQ(0, strncmp("end read_pages=1 ", line, 17));
	ASSERT_LT(0, range_line(slow, line));
	EXPECT_EQ(0, strncmp("at 0x", line, 5));
	/* Closing one ends it; until then the module stays */
	EXPECT_EQ(-EWOULDBLOCK, scanner_unload());
	close(slow);
	close(fast);
	EXPECT_EQ(0, scanner_unload());
	EXPECT_EQ(-1, access(DEV_MEMSCAN, F_OK));
}

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Adds the CPU time of the reads to @used; returns what the last one did. */
static int read_at_20_percent(int fd, size_t bytes, double *used)
{
	char line[256];
	int n = range_order(fd, RAM_PA, bytes, 20);

	*used -= seconds_of(CLOCK_THREAD_CPUTIME_ID);
	while (!n && (n = range_line(fd, line)) > 0)
		n = 0;
	*used += seconds_of(CLOCK_THREAD_CPUTIME_ID);
	return n;
}

/*
 * Ranges of a burst: most of the time would be used if each did not begin
 * with what the one before owes. The system calls themselves are not under the
 * cap, and cost some percent here.
 */
TEST_F_TIMEOUT(rules, a_range_has_a_cap, LONG_SECONDS)
{
	double begin = seconds_of(CLOCK_MONOTONIC), took, used = 0;
	int fd = range_open();

	ASSERT_LE(0, fd);
	do {
		ASSERT_EQ(0, read_at_20_percent(fd, 4 << 20, &used));
		took = seconds_of(CLOCK_MONOTONIC) - begin;
	} while (took < 5);
	/* A page more, for which the last of them is paid */
	ASSERT_EQ(0, read_at_20_percent(fd, BASE_PAGE, &used));
	took = seconds_of(CLOCK_MONOTONIC) - begin;
	printf("# seen: %.1f %% of a CPU for %.1f s\n", 100 * used / took, took);
	CONTROL_READY();
	EXPECT_LE(0.15, used / took);
	EXPECT_GE(0.35, used / took);
	close(fd);
}

/* Its readers' own CPU time is none of a range's, nor is that between reads. */
TEST_F_TIMEOUT(rules, only_reading_counts_for_the_cap, LONG_SECONDS)
{
	int fd = range_open(), status;
	char line[256];
	double begin;
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, range_order(fd, RAM_PA, 512 << 20, 5));
	ASSERT_LT(0, range_line(fd, line));
	for (begin = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	     seconds_of(CLOCK_PROCESS_CPUTIME_ID) < begin + 2;)
		;
	begin = seconds_of(CLOCK_MONOTONIC);
	ASSERT_LT(0, range_line(fd, line));
	EXPECT_GT(10, seconds_of(CLOCK_MONOTONIC) - begin);
	/* Another process goes on with it */
	pid = fork();
	if (!pid)
		_exit(range_line(fd, line) < 0);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_GT(20, seconds_of(CLOCK_MONOTONIC) - begin);
	close(fd);
}

enum { BROKEN = 4, MAPPED = 4096 };

static uint64_t block_of(const char *page)
{
	return lab_pa(page) & -(128UL << 20);
}

/* An error in each of some pages of one block, which the process ignores. */
static int break_pages(void)
{
	char *p = pages_map(MAPPED), *page, *last = p + (MAPPED - 1) * BASE_PAGE;
	int broken = 0;

	signal(SIGBUS, SIG_IGN);
	for (page = p; page <= last && broken < BROKEN; page += BASE_PAGE)
		if (block_of(page) == block_of(p + MAPPED / 2 * BASE_PAGE) &&
		    !lab_poison_add(lab_pa(page), 1))
			broken++;
	return broken;
}

/* The rest of a broken part is left out, and said; the rest of the node is not. */
TEST_F_TIMEOUT(rules, leaves_out_what_has_max_hits, LONG_SECONDS)
{
	ASSERT_EQ(BROKEN, break_pages());
	ASSERT_EQ(0, scanner_set("max_hits", "2"));
	CONTROL_READY();
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_EQ(2, scanner_figure("node0/hits/recovered"));
	EXPECT_LT(0, skipped("broken"));
	EXPECT_GT(32768, skipped("broken"));
	EXPECT_EQ(present_pages(), present_pages_of_pass());
	/* Each pass takes as many more */
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_EQ(BROKEN, scanner_figure("node0/hits/recovered"));
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_EQ(0, skipped("broken"));
}

/* It waits, says so, and goes on. */
TEST_F_TIMEOUT(rules, waits_after_max_hits_per_minute, LONG_SECONDS)
{
	ASSERT_EQ(BROKEN, break_pages());
	ASSERT_EQ(0, scanner_set("max_hits_per_minute", "2"));
	ASSERT_EQ(0, scanner_set("node0/cycle_seconds", "1"));
	ASSERT_EQ(0, scanner_set("node0/max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	CONTROL_READY();
	EXPECT_TRUE(calmly_until(!strcmp("waiting: max_hits_per_minute reached",
					 scanner_text("node0/state"))));
	EXPECT_EQ(2, scanner_figure("node0/hits/recovered"));
	ASSERT_EQ(0, scanner_set("max_hits_per_minute", "60"));
	EXPECT_TRUE(calmly_until(scanner_figure("node0/hits/recovered") ==
				 BROKEN));
}

/* memory_failure() would panic, so not even force makes it scan. */
TEST_F(rules, no_recovery_no_scan)
{
	ASSERT_EQ(0, procfile_write(RECOVERY_SYSCTL, "0"));
	EXPECT_EQ(-EPERM, range_start(RAM_PA, BASE_PAGE));
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
	EXPECT_EQ(-EPERM, range_start(RAM_PA, BASE_PAGE));
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
		{ "max_hits_per_minute", { "0", "4294967296" } },
		{ "node0/enabled", { "2" } },
		{ "node0/cycle_seconds", { "0", "31622401" } },
		{ "node0/max_cpu_percent", { "0", "101" } },
		{ "node0/scope", { "every", "all hugetlb" } },
		{ "node0/action", { "reports", "isolate report" } },
		{ "node0/hugetlb_action", { "Report", "isolat" } },
		{ "isolate", { "0", "0x100000", "0xfffffffffffff000" } },
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
}

/* A refused order starts nothing. */
TEST_F(rules, bad_ranges)
{
	static const char *const bad[] = {
		"", "\n", "junk", "4096", "0x100000 4096", "0x100000 4096 ",
		"0x100000 4096 100 ", "0x100000 4096 100 1", " 0x100000 4096 100",
		"0x100000  4096 100", "0x100000 4096 100\n\n",
		"0x100001 4096 100", "0x100000 0 100", "0x100000 1 100",
		"0x100000 4097 100", "0x100000 4096 0", "0x100000 4096 101",
		"0x100000 -4096 100", "0x100000 4096 +1", "-1 4096 100",
		"0xfffffffff000 4096 100", "0xfffffffffffff000 4096 100",
		"0xfffffffffffff000 8192 100", "0x100000 0x8000000000000000 100",
		"0x100000 18446744073709551616 100", "0x100000 4096 100\n1",
	};
	char line[256], with_nul[] = "0x100000 4096 100\0";
	int fd = range_open();
	size_t i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-1, write(fd, bad[i], strlen(bad[i])));
		EXPECT_EQ(0, range_line(fd, line));
	}
	EXPECT_EQ(-1, write(fd, with_nul, sizeof(with_nul)));
	EXPECT_EQ(-1, read(fd, line, 255));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, range_line(fd, line));
	close(fd);
}

/* A written value is read back; a leading zero does not make it octal. */
TEST_F(rules, values_are_kept)
{
	static const struct {
		const char *file, *value, *shown;
	} good[] = {
		{ "pause", "1", "1" }, { "max_hits", "1", "1" },
		{ "max_hits_per_minute", "7", "7" }, { "max_hits", "0100", "100" },
		{ "max_hits", "0x10", "16" }, { "max_hits", "0X1f", "31" },
		{ "node0/cycle_seconds", "31622400", "31622400" },
		{ "node0/max_cpu_percent", "09", "9" },
		{ "node0/scope", "free", "free" },
		{ "node0/action", "report\n", "report" },
		{ "node0/hugetlb_action", "report", "report" },
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
 * file.  One file shows a hit: last_hit_pfn.
 */
TEST_F_TIMEOUT(rules, unprivileged, LONG_SECONDS)
{
	char *p = pages_map(ARRAY_SIZE(walked.pa));
	struct stat device;
	size_t i;

	ASSERT_NE(NULL, p);
	signal(SIGBUS, SIG_IGN);
	for (i = 0; i < ARRAY_SIZE(walked.pa); i++) {
		walked.pa[i] = lab_pa(p + i * BASE_PAGE);
		ASSERT_EQ(0, lab_poison_add(walked.pa[i], 1));
	}
	ASSERT_EQ(0, scanner_read_node());
	ASSERT_EQ(ARRAY_SIZE(walked.pa), scanner_figure("node0/hits/recovered"));

	ASSERT_EQ(0, setgroups(0, NULL));
	ASSERT_EQ(0, nftw(MEMSCAN, look_at_file, 16, FTW_PHYS));
	printf("# %d files, nobody reads %d\n", walked.files, walked.readable);
	EXPECT_EQ(0, walked.writable);
	EXPECT_EQ(1, walked.telling);
	EXPECT_EQ(0, walked.told);
	EXPECT_LT(walked.files / 2, walked.readable);
	ASSERT_EQ(0, stat(DEV_MEMSCAN, &device));
	EXPECT_EQ(0600, device.st_mode & 07777);
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

/*
 * The kernel cannot note the type of a page whose struct page is shared, so it
 * stays cacheable: docs/memscan.md.
 */
TEST_F(rules, optimized_vmemmap_stays_as_it_is)
{
	const size_t raw = SIZE_2M - BASE_PAGE;
	struct hugepage lost;

	ASSERT_EQ(0, directmap_load());
	/* It applies to pages that are new in the pool */
	ASSERT_EQ(0, procfile_write("/proc/sys/vm/nr_hugepages", "0"));
	ASSERT_EQ(0, procfile_write(OPTIMIZE_VMEMMAP, "1"));
	EXPECT_EQ(0, pool_want(SIZE_2M, 1));
	EXPECT_EQ(0, procfile_write(OPTIMIZE_VMEMMAP, "0"));
	ASSERT_EQ(0, hugepage_create_plain(&lost, SIZE_2M));
	ASSERT_EQ(0, lab_poison_add(lost.pa + raw, 1));
	ASSERT_EQ(0, range_read(lost.pa, SIZE_2M));
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ('Y', directmap_state((lost.pa + raw) / BASE_PAGE));
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
		ASSERT_EQ(0, range_read(lab_pa(p + i * BASE_PAGE), BASE_PAGE));
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
