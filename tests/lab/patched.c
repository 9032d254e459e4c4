// SPDX-License-Identifier: GPL-2.0-only
/*
 * Make the kernel change the code of its scheduler while all CPUs execute it, until
 * the lab has met code three times that QEMU keeps though memory has it no more
 * (lab/stale.c).  A kernel that executes it dies.
 *
 * Ends with 0 then, with 1 if that did not happen within SECONDS.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../lab/doorbell.h"

#define SCHEDSTATS	"/proc/sys/kernel/sched_schedstats"
#define WANTED		3
#define SECONDS		150

/* Children for ever: each wakes, sleeps and ends in code that is being changed. */
static void keep_forking(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		if (!fork())
			_exit(0);
		wait(NULL);
	}
}

static void turn(int fd, const char *value)
{
	if (pwrite(fd, value, 1, 0) == 1)
		return;
	perror(SCHEDSTATS);
	exit(1);
}

int main(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	time_t end = time(NULL) + SECONDS;
	int fd = open(SCHEDSTATS, O_WRONLY);
	int64_t met = 0;
	int turns;

	for (; cpus; cpus--)
		if (!fork())
			keep_forking();
	for (turns = 0; met < WANTED && time(NULL) < end; turns++) {
		turn(fd, turns % 2 ? "0" : "1");
		met = lab_request(LAB_STALE_MET, 0, 0);
	}
	printf("# changed %d times, code was stale %lld times\n", turns,
	       (long long)met);
	return met < WANTED;
}
