// SPDX-License-Identifier: GPL-2.0-only
/*
 * When memscan reads: a pass takes its time and holds the CPU cap, late passes
 * are counted, slow reads slow it down, and it does not read during suspend.
 *
 * On node 1, which is small and has no CPUs; cap runs on another machine.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "polling.h"
#include "procfile.h"
#include "scanner.h"

/* Timeout of a test, on a busy machine */
#define LONG_SECONDS	120

#define NODE	1
#define TRACING	"/sys/kernel/tracing/"

FIXTURE(timing)
{
};

FIXTURE_SETUP(timing)
{
	ASSERT_EQ(0, scanner_load("force=1"));
	ASSERT_EQ(0, scanner_set_node(NODE, "max_cpu_percent", "100"));
}

FIXTURE_TEARDOWN_PARENT(timing)
{
	scanner_unload();
}

static long figure(const char *file)
{
	return scanner_node_figure(NODE, file);
}

static bool is_pace(const char *pace)
{
	return !strcmp(scanner_text("node1/pace"), pace);
}

/* The clock is under test here: wait for this many seconds. */
static void let_pass(int seconds)
{
	time_t end = time(NULL) + seconds;

	while (time(NULL) <= end)
		poll_pause();
}

/* A pause makes a pass late, too. */
TEST_F_TIMEOUT(timing, late_seconds_are_counted, LONG_SECONDS)
{
	ASSERT_EQ(0, scanner_set_node(NODE, "cycle_seconds", "1"));
	ASSERT_EQ(0, scanner_set("pause", "1"));
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "1"));
	ASSERT_TRUE(scanner_comes_to("node1/state", "paused"));
	EXPECT_EQ(0, figure("late_seconds"));
	/* A pause only delays a pass that has begun */
	ASSERT_EQ(0, scanner_set_node(NODE, "max_cpu_percent", "1"));
	ASSERT_EQ(0, scanner_set("pause", "0"));
	ASSERT_TRUE(poll_until(figure("read_bytes") > 0));
	ASSERT_EQ(0, scanner_set("pause", "1"));
	ASSERT_EQ(0, figure("passes"));
	let_pass(3);
	ASSERT_EQ(0, scanner_set_node(NODE, "max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set("pause", "0"));
	ASSERT_TRUE(poll_until(figure("passes") == 1));
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "0"));
	EXPECT_LE(2, figure("late_seconds"));
}

static double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Within 5 % of its time.  If the lab's host is busy, reads can take long, so
 * more than one pass may be needed to see it.
 */
TEST_F_TIMEOUT(timing, pass_takes_its_time, LONG_SECONDS)
{
	enum { CYCLE_SECONDS = 10, PASSES = 6 };
	double begin, took = 0;
	long passes;

	ASSERT_EQ(0, scanner_set_node(NODE, "cycle_seconds", "10"));
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "1"));
	for (passes = 0; passes < PASSES; passes++) {
		begin = now_seconds();
		ASSERT_TRUE(calmly_until(figure("passes") > passes));
		took = now_seconds() - begin;
		printf("# seen: a pass of %d s took %.2f s\n", CYCLE_SECONDS,
		       took);
		if (took > 0.95 * CYCLE_SECONDS && took < 1.05 * CYCLE_SECONDS)
			break;
	}
	EXPECT_LT(passes, PASSES);
}

#define SPINNERS_MAX	8

/* A process on each CPU that uses all of it; returns how many. */
static int spin(int nice_by, pid_t spinners[SPINNERS_MAX])
{
	int cpu, n = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t one;

	for (cpu = 0; cpu < n && cpu < SPINNERS_MAX; cpu++) {
		spinners[cpu] = fork();
		if (spinners[cpu])
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		nice(nice_by);
		for (;;)
			;
	}
	return cpu;
}

static void stop_spinning(const pid_t *spinners, int n)
{
	while (n--) {
		kill(spinners[n], SIGKILL);
		waitpid(spinners[n], NULL, 0);
	}
}

/*
 * Reads take long because the CPU is given to others meanwhile: the pace is slow,
 * but the scan continues.
 */
TEST_F_TIMEOUT(timing, busy_cpus_make_it_slow, LONG_SECONDS)
{
	pid_t spinners[SPINNERS_MAX];
	bool slow, goes_on;
	long at;
	int n;

	/* First let memscan measure how long reads usually take */
	ASSERT_EQ(0, scanner_read_pass(NODE));
	ASSERT_EQ(0, scanner_set_node(NODE, "cycle_seconds", "20"));
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "1"));
	n = spin(0, spinners);
	slow = calmly_until(is_pace("slow"));
	at = figure("read_bytes");
	goes_on = calmly_until(figure("read_bytes") > at);
	stop_spinning(spinners, n);
	EXPECT_TRUE(slow);
	EXPECT_TRUE(goes_on);
}

/*
 * Suspend: scheduler events show when the thread ran.  It must not run between
 * freezing and thawing of processes, and must run again afterwards.
 */
struct sleep_seen {
	unsigned int before, asleep, after;
};

static void count_runs(char *trace, struct sleep_seen *seen)
{
	unsigned int *now = &seen->before;
	char *line;

	for (line = strtok(trace, "\n"); line; line = strtok(NULL, "\n")) {
		if (strstr(line, "freeze_processes[0] end"))
			now = &seen->asleep;
		else if (strstr(line, "thaw_processes[0] begin"))
			now = &seen->after;
		else if (strstr(line, "next_comm=memscan/node1"))
			++*now;
	}
}

static int trace_sleep(int on)
{
	return procfile_write(TRACING "events/power/suspend_resume/enable",
			      "%d", on) ?:
	       procfile_write(TRACING "events/sched/sched_switch/filter",
			      on ? "next_comm ~ \"memscan/*\"" : "0") ?:
	       procfile_write(TRACING "events/sched/sched_switch/enable", "%d",
			      on);
}

TEST_F_TIMEOUT(timing, sleeps_with_the_machine, LONG_SECONDS)
{
	static char trace[1 << 20];
	struct sleep_seen seen = {};
	long at;

	ASSERT_EQ(0, scanner_set_node(NODE, "cycle_seconds", "1"));
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "1"));
	ASSERT_TRUE(poll_until(figure("read_bytes") > 0));
	ASSERT_EQ(0, procfile_write("/sys/module/suspend/parameters/pm_test_delay",
				    "1"));
	ASSERT_EQ(0, procfile_write("/sys/power/pm_test", "freezer"));
	ASSERT_EQ(0, trace_sleep(1));
	CONTROL_READY();
	ASSERT_EQ(0, procfile_write("/sys/power/state", "mem"));
	at = figure("read_bytes");
	EXPECT_TRUE(poll_until(figure("read_bytes") > at));
	ASSERT_EQ(0, trace_sleep(0));
	ASSERT_EQ(0, procfile_write("/sys/power/pm_test", "none"));
	ASSERT_LT(0, procfile_read(TRACING "trace", trace, sizeof(trace)));
	EXPECT_NE(NULL, strstr(trace, "thaw_processes[0] begin"));
	count_runs(trace, &seen);
	printf("# seen: runs before, asleep, after: %u %u %u\n", seen.before,
	       seen.asleep, seen.after);
	EXPECT_EQ(0, seen.asleep);
	EXPECT_LT(0, seen.after);
	EXPECT_TRUE(poll_until(figure("passes") > 0));
}

/* What the scheduler has counted of a process. */
struct usage {
	double seconds;
	unsigned long long runs;
	long sleeps;
};

static struct usage usage_of(int pid)
{
	unsigned long long ns = 0;
	struct usage usage = { 0 };
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if (procfile_read(path, text, sizeof(text)) > 0)
		sscanf(text, "%llu %*u %llu", &ns, &usage.runs);
	usage.seconds = ns / 1e9;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	usage.sleeps = procfile_value(path, "voluntary_ctxt_switches:");
	return usage;
}

/*
 * Wait until the process has slept once more and runs again, for @limit seconds
 * at most. Then all that it had used is paid for, however long a busy host let
 * it take.
 */
static struct usage wait_for_wakeup(int pid, double limit)
{
	double end = now_seconds() + limit;
	struct usage before = usage_of(pid), usage = before;

	while (usage.sleeps == before.sleeps && now_seconds() < end) {
		usleep(2000);
		usage = usage_of(pid);
	}
	before = usage;
	while (usage.runs == before.runs && now_seconds() < end) {
		usleep(2000);
		usage = usage_of(pid);
	}
	return usage;
}

/*
 * How much of one CPU the process uses during @seconds, in percent, if it is to
 * use @percent.
 */
static double cpu_share(int pid, int percent, int seconds)
{
	double limit = 20.0 / percent;
	double begin, used;

	used = wait_for_wakeup(pid, limit).seconds;
	begin = now_seconds();
	sleep(seconds);
	used = wait_for_wakeup(pid, limit).seconds - used;
	return 100 * used / (now_seconds() - begin);
}

/*
 * On node 0, where this machine has so much memory that a pass of a second is
 * always late, and the cap alone limits it.
 */
FIXTURE(cap)
{
};

FIXTURE_SETUP(cap)
{
	ASSERT_EQ(0, scanner_load("force=1"));
	ASSERT_EQ(0, scanner_set("node0/cycle_seconds", "1"));
}

FIXTURE_TEARDOWN_PARENT(cap)
{
	scanner_unload();
}

/* The CPU time is within a tenth of the cap. */
TEST_F_TIMEOUT(cap, holds, 2 * LONG_SECONDS)
{
	static const struct {
		int percent, seconds;
	} caps[] = {
		{ 100, 5 }, { 90, 5 }, { 50, 5 }, { 25, 10 }, { 5, 30 }, { 1, 60 },
	};
	int pid = scanner_thread("node0");
	char percent[8];
	double share;
	size_t i;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	CONTROL_READY();
	for (i = 0; i < sizeof(caps) / sizeof(*caps); i++) {
		snprintf(percent, sizeof(percent), "%d", caps[i].percent);
		ASSERT_EQ(0, scanner_set("node0/max_cpu_percent", percent));
		share = cpu_share(pid, caps[i].percent, caps[i].seconds);
		printf("# seen: max_cpu_percent %d: %.2f %%\n",
		       caps[i].percent, share);
		ASSERT_LE(0.9 * caps[i].percent, share);
		ASSERT_GE(1.1 * caps[i].percent, share);
	}
}

/*
 * As much also if others of the same priority share the CPUs: the time that they
 * take is not the thread's.
 */
TEST_F_TIMEOUT(cap, is_used_beside_others, LONG_SECONDS)
{
	pid_t spinners[SPINNERS_MAX];
	double share;
	int n, pid = scanner_thread("node0");

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, scanner_set("node0/max_cpu_percent", "20"));
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	n = spin(19, spinners);
	share = cpu_share(pid, 20, 20);
	stop_spinning(spinners, n);
	printf("# seen: max_cpu_percent 20 on busy CPUs: %.2f %%\n", share);
	EXPECT_LE(18, share);
	EXPECT_GE(22, share);
}

TEST_HARNESS_MAIN
