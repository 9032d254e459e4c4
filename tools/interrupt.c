// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signals are blocked except while we sleep, so none is lost between check
 * and sleep.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>

#include "interrupt.h"

static const int wishes[] = { SIGINT, SIGTERM, SIGHUP };

#define N_WISHES	(sizeof(wishes) / sizeof(wishes[0]))

static volatile sig_atomic_t caught;
static sigset_t unblocked;

static void on_signal(int sig)
{
	(void)sig;
	caught = 1;
}

void interrupt_catch(void)
{
	struct sigaction sa = { .sa_handler = on_signal }, old;
	sigset_t ends;
	size_t i;

	sigemptyset(&ends);
	for (i = 0; i < N_WISHES; i++)
		sigaddset(&ends, wishes[i]);
	sigprocmask(SIG_BLOCK, &ends, &unblocked);
	for (i = 0; i < N_WISHES; i++) {
		sigdelset(&unblocked, wishes[i]);
		sigaction(wishes[i], &sa, &old);
		if (wishes[i] == SIGHUP && old.sa_handler == SIG_IGN)
			sigaction(SIGHUP, &old, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
}

bool interrupted(void)
{
	return caught || ferror(stdout);
}

void interrupt_or_pause(unsigned int ms)
{
	struct timespec pause = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L,
	};

	if (!caught)
		pselect(0, NULL, NULL, NULL, &pause, &unblocked);
}

void interrupt_await(void)
{
	while (!caught)
		sigsuspend(&unblocked);
}
