// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "controls.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "heartbeat.h"
#include "journal.h"
#include "judge.h"
#include "procfile.h"

#define FILTER	"/sys/kernel/debug/hwpoison/corrupt-filter-"

static const char *until_wrong(unsigned long ms)
{
	unsigned long end = clock_ms() + ms;
	const char *wrong = NULL;

	while (!wrong && clock_ms() < end) {
		usleep(20000);
		wrong = judge_now();
	}
	return wrong;
}

/* A line that a broken kernel would log, written by user space. */
static const char *plant_report(void)
{
	static const char line[] = "<4>BUG: planted by a control\n";
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	bool planted = write(fd, line, strlen(line)) > 0;

	close(fd);
	return planted ? until_wrong(5000) : NULL;
}

static volatile bool released;

static void *spin(void *unused)
{
	unsigned long end = clock_ms() + 60000;

	while (!released && clock_ms() < end)
		;
	return unused;
}

/* A thread that no other task can preempt occupies the last CPU. */
static const char *plant_loop(void)
{
	struct sched_param param = { .sched_priority = HEARTBEAT_PRIORITY + 9 };
	pthread_attr_t attr;
	const char *wrong;
	pthread_t thread;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	released = false;
	if (pthread_create(&thread, &attr, spin, NULL))
		return NULL;
	wrong = until_wrong(60000);
	released = true;
	pthread_join(thread, NULL);
	return wrong;
}

static pid_t clone_process(unsigned long flags, int *pidfd)
{
	return syscall(SYS_clone, flags | SIGCHLD, NULL, pidfd, NULL, NULL);
}

/*
 * When the first process of a PID namespace ends, it waits until all others
 * are reaped; one of them is our child, which we do not reap.
 */
static const char *plant_survivor(void)
{
	const char *wrong = NULL;
	int pidfd, old, fd, status;
	pid_t first, other;
	char path[64];

	old = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	first = clone_process(CLONE_NEWPID | CLONE_PIDFD, &pidfd);
	if (!first)
		for (;;)
			pause();
	sprintf(path, "/proc/%d/ns/pid", first);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (first < 0 || setns(fd, CLONE_NEWPID))
		return NULL;
	other = clone_process(0, NULL);
	if (!other)
		_exit(0);
	if (!setns(old, CLONE_NEWPID) && other > 0)
		wrong = judge_end(pidfd, first, &status);
	waitpid(other, NULL, 0);
	waitpid(first, NULL, 0);
	close(pidfd);
	close(fd);
	close(old);
	return wrong;
}

/* Filter for flags that no page has: memory_failure() then does nothing. */
static int silence(bool on)
{
	return procfile_write(FILTER "flags-mask", "%#lx", on ? ~0UL : 0) ?:
	       procfile_write(FILTER "flags-value", "%#lx", on ? ~0UL : 0) ?:
	       procfile_write(FILTER "enable", "%d", on);
}

/* Load by a system call: a load of our own would be retried forever. */
static const char *plant_silence(void)
{
	const struct lost *lost;
	const char *wrong;
	size_t n, known;
	int pipes[2];

	if (silence(true) || !arena_prepare(0) || pipe(pipes))
		return NULL;
	lost = arena_lost(&n, &known);
	if (write(pipes[1], lost[known].addr, 1) == 1)
		printf("# a load of poison went well\n");
	wrong = judge_poison();
	silence(false);
	close(pipes[0]);
	close(pipes[1]);
	arena_settle();
	return wrong;
}

static int expect(const char *what, const char *wrong, const char *text)
{
	bool found = wrong && strstr(wrong, text);

	printf("%s - control: %s is found: %s\n", found ? "ok" : "not ok", what,
	       wrong ?: "nothing was");
	judge_forget();
	return !found;
}

int controls_run(void)
{
	return expect("a report", plant_report(), "planted") +
	       expect("a CPU that is lost", plant_loop(), "reschedule") +
	       expect("a task that survives", plant_survivor(), "SIGKILL") +
	       expect("poison that nobody tells of", plant_silence(),
		      "nobody told");
}

void controls_panic(void)
{
	journal_call(4711, "the control panics");
	if (procfile_write("/proc/sysrq-trigger", "c"))
		printf("not ok - control: no panic can be had\n");
}
