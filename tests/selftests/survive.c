// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into a program that does not know that MADV_HWPOISON raises SIGBUS
 * in its caller, so that it gets to what it tests.  SIGBUS from anything else
 * kills it as ever.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile sig_atomic_t poisoning;

/* If it was an access, that is made again, and is the end. */
static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (!poisoning || info->si_code != BUS_MCEERR_AR)
		signal(sig, SIG_DFL);
}

static void __attribute__((constructor)) set_handler(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &sa, NULL);
}

int madvise(void *addr, size_t length, int advice)
{
	int ret;

	poisoning = advice == MADV_HWPOISON;
	ret = syscall(SYS_madvise, addr, length, advice);
	poisoning = false;
	return ret;
}
