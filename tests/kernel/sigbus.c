// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "sigbus.h"

#include <setjmp.h>
#include <stddef.h>

static sigjmp_buf guard;
static volatile sig_atomic_t guarded, optional;
static struct sigbus last_required, last_optional;

static void handle(int sig, siginfo_t *info, void *context)
{
	struct sigbus seen = {
		.code = info->si_code,
		.lsb = info->si_addr_lsb,
		.addr = (uintptr_t)info->si_addr,
	};

	(void)context;
	if (info->si_code == BUS_MCEERR_AO) {
		last_optional = seen;
		optional++;
	} else if (guarded) {
		last_required = seen;
		siglongjmp(guard, 1);
	} else {
		signal(sig, SIG_DFL);
	}
}

void sigbus_catch(void)
{
	struct sigaction action = {
		.sa_sigaction = handle,
		.sa_flags = SA_SIGINFO,
	};

	guarded = 0;
	optional = 0;
	sigaction(SIGBUS, &action, NULL);
}

static bool guarded_access(volatile char *addr, bool store, struct sigbus *seen)
{
	bool hit = sigsetjmp(guard, 1);

	if (!hit) {
		guarded = 1;
		if (store)
			*addr = 1;
		else
			(void)*addr;
	}
	guarded = 0;
	if (hit)
		*seen = last_required;
	return hit;
}

bool sigbus_on_load(const void *addr, struct sigbus *seen)
{
	return guarded_access((volatile char *)addr, false, seen);
}

bool sigbus_on_store(void *addr, struct sigbus *seen)
{
	return guarded_access(addr, true, seen);
}

unsigned int sigbus_optional(struct sigbus *last)
{
	if (last)
		*last = last_optional;
	return optional;
}
