/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poison without a lab: a page without access faults, and the handler of that
 * reports it to the library as the kernel would report poison there.
 */
#ifndef PRETEND_H
#define PRETEND_H

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#include "scene.h"

static struct mfr_context *context;	/* to which it is reported */
static char *named;			/* as its address; NULL: where it is */
static sig_atomic_t not_resumed;

static void pretend(int sig, siginfo_t *info, void *ucontext)
{
	siginfo_t poison = { .si_signo = sig, .si_code = BUS_MCEERR_AR };

	poison.si_addr = named ? named : info->si_addr;
	poison.si_addr_lsb = 12;
	if (mfr_sigbus(context, &poison, ucontext) == MFR_SIGBUS_RESUME)
		return;
	not_resumed++;
	mprotect((void *)((uintptr_t)info->si_addr & -PAGE), PAGE,
		 PROT_READ | PROT_WRITE);
}

static inline void pretend_start(void)
{
	struct sigaction sa = { .sa_sigaction = pretend, .sa_flags = SA_SIGINFO };

	named = NULL;
	not_resumed = 0;
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
}

static inline void break_page(char *page)
{
	mprotect(page, PAGE, PROT_NONE);
}

#endif /* PRETEND_H */
