// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "sigbus.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <sys/mman.h>

#include "hugepage.h"

/* Each thread guards its own accesses: the consuming thread is signalled. */
static __thread sigjmp_buf guard;
static __thread volatile sig_atomic_t guarded;
static __thread struct sigbus last_required;

static volatile sig_atomic_t optional;
static struct sigbus last_optional;

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

bool sigbus_on(void (*what)(volatile char *arg), volatile char *arg,
	       struct sigbus *seen)
{
	bool hit = sigsetjmp(guard, 1);

	if (!hit) {
		guarded = 1;
		what(arg);
	}
	guarded = 0;
	if (hit)
		*seen = last_required;
	return hit;
}

static void load(volatile char *addr)
{
	(void)*addr;
}

static void store(volatile char *addr)
{
	*addr = 1;
}

static int hwpoison_error;

static void hwpoison(volatile char *addr)
{
	if (madvise((void *)addr, BASE_PAGE, MADV_HWPOISON))
		hwpoison_error = -errno;
}

bool sigbus_on_load(const void *addr, struct sigbus *seen)
{
	return sigbus_on(load, (volatile char *)addr, seen);
}

bool sigbus_on_store(void *addr, struct sigbus *seen)
{
	return sigbus_on(store, addr, seen);
}

bool sigbus_on_hwpoison(void *addr, struct sigbus *seen, int *err)
{
	bool hit;

	hwpoison_error = 0;
	hit = sigbus_on(hwpoison, addr, seen);
	*err = hwpoison_error;
	return hit;
}

unsigned int sigbus_optional(struct sigbus *last)
{
	if (last)
		*last = last_optional;
	return optional;
}
