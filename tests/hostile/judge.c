// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "judge.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "heartbeat.h"
#include "hugepage.h"
#include "kmsg.h"
#include "log.h"
#include "poison.h"
#include "procfile.h"

static char text[640];
static long taint;
static int64_t missed;

bool judge_start(void)
{
	taint = kernel_taint();
	missed = lab_poison_missed();
	return log_start() && heartbeat_start();
}

const char *judge_now(void)
{
	int cpu = heartbeat_lost_cpu();

	log_drain();
	if (log_report()) {
		snprintf(text, sizeof(text), "the kernel reports: %s",
			 log_report());
		return text;
	}
	if (kernel_taint() != taint)
		return "the kernel is tainted, and its log does not say why";
	if (cpu >= 0) {
		snprintf(text, sizeof(text),
			 "CPU %d did not reschedule for a second", cpu);
		return text;
	}
	return NULL;
}

static bool ended(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	return poll(&end, 1, 5) == 1;
}

/* To the kernel's log: nobody can look once the machine has gone. */
static void show_tasks(void)
{
	procfile_write("/proc/sysrq-trigger", "t");
}

/* On stock, too, the first fault of 1 GiB zeroes it in one go: 1.5 to 1.7 s here. */
static unsigned int seconds_to_end(void)
{
	return arena_has_gigantic() ? 5 : 1;
}

const char *judge_end(int pidfd, pid_t pid, int *status)
{
	unsigned int left = seconds_to_end();
	struct second second;

	second_start(&second);
	kill(pid, SIGKILL);
	while (!ended(pidfd)) {
		const char *wrong = judge_now();

		if (wrong)
			return wrong;
		if (!second_over(&second))
			continue;
		if (!--left) {
			show_tasks();
			return "SIGKILL did not end a task in time; what each does is in the console's log";
		}
		second_start(&second);
	}
	waitpid(pid, status, __WALL);
	return NULL;
}

static const struct lost *untold(void)
{
	const struct lost *lost;
	size_t n, known, i, at;

	lost = arena_lost(&n, &known);
	for (i = known; i < n; i++)
		for (at = 0; at < lost[i].bytes; at += LAB_POISON_LINE_BYTES)
			if (lab_poison_met(lost[i].pa + at) == 1 &&
			    !log_told(lost[i].pa / BASE_PAGE))
				return &lost[i];
	return NULL;
}

/* Waits for up to a second, because some reports come from a work item. */
const char *judge_poison(void)
{
	const struct lost *lost;
	struct second second;

	log_drain();
	second_start(&second);
	while ((lost = untold())) {
		if (second_over(&second)) {
			snprintf(text, sizeof(text),
				 "poison was met at %p, pfn %#lx, and nobody told of it",
				 lost->addr, lost->pa / BASE_PAGE);
			return text;
		}
		usleep(5000);
		log_drain();
	}
	return NULL;
}

const char *judge_lab(void)
{
	if (lab_poison_missed() == missed)
		return NULL;
	snprintf(text, sizeof(text), "%ld loads of poison were no machine check",
		 (long)(lab_poison_missed() - missed));
	return text;
}

void judge_forget(void)
{
	log_drain();
	log_forget_report();
	heartbeat_forget();
	taint = kernel_taint();
}
