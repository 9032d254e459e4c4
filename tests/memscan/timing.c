// SPDX-License-Identifier: GPL-2.0-only
/*
 * When memscan reads: late passes, fast on idle CPUs, slow if reads take long, and
 * not at all during suspend.
 *
 * On node 1, which is small and has no CPUs, so all CPUs count as its own.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
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

/* A pause is no excuse: it makes the pass late. */
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

/* By its start and end, each rounded down to a second. */
static long seconds_of_last_pass(void)
{
	return figure("last_pass/end_seconds") -
	       figure("last_pass/start_seconds");
}

/*
 * Nobody needs the CPUs: a pass runs up to twice as fast and is never late. If
 * the machine that emulates this one is busy, a read can take long, and it may
 * take another pass to see it.
 */
TEST_F_TIMEOUT(timing, idle_cpus_make_a_pass_early, LONG_SECONDS)
{
	long passes;

	ASSERT_EQ(0, scanner_set_node(NODE, "cycle_seconds", "6"));
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "1"));
	EXPECT_TRUE(calmly_until(is_pace("fast")));
	do {
		passes = figure("passes");
		ASSERT_TRUE(calmly_until(figure("passes") > passes));
	} while (seconds_of_last_pass() > 4 && passes < 8);
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "0"));
	EXPECT_GE(4, seconds_of_last_pass());
	EXPECT_LE(2, seconds_of_last_pass());
}

static void spin_on(int cpu, pid_t *pid)
{
	cpu_set_t one;

	*pid = fork();
	if (*pid)
		return;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	for (;;)
		;
}

/*
 * All CPUs are busy, so the pace is not fast.  Reads take long because the CPU
 * is given to others meanwhile: the pace is slow, but the scan continues.
 */
TEST_F_TIMEOUT(timing, busy_cpus_make_it_slow, LONG_SECONDS)
{
	int i, n = sysconf(_SC_NPROCESSORS_ONLN);
	pid_t spinners[8];
	bool slow, goes_on;
	long at;

	/* First measure what is usual */
	ASSERT_EQ(0, scanner_read_pass(NODE));
	ASSERT_EQ(0, scanner_set_node(NODE, "cycle_seconds", "20"));
	ASSERT_EQ(0, scanner_set_node(NODE, "enabled", "1"));
	for (i = 0; i < n && i < 8; i++)
		spin_on(i, &spinners[i]);
	slow = calmly_until(is_pace("slow"));
	at = figure("read_bytes");
	goes_on = calmly_until(figure("read_bytes") > at) &&
		  !is_pace("fast");
	while (i--) {
		kill(spinners[i], SIGKILL);
		waitpid(spinners[i], NULL, 0);
	}
	EXPECT_TRUE(slow);
	EXPECT_TRUE(goes_on);
}

/*
 * Suspend: scheduler events show when the thread ran: not between freezing and
 * thawing of processes, and again afterwards.
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

TEST_HARNESS_MAIN
