// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "context.h"
#include "guard.h"
#include "region.h"

static struct mfr_context *_Atomic installed;
static struct sigaction before;		/* set before ours is installed */

/* What the kernel reports as lost: 1 << si_addr_lsb bytes around si_addr. */
static struct mfr_range lost_range(const struct mfr_region *region,
				   const siginfo_t *info)
{
	uint64_t offset = (uintptr_t)info->si_addr - (uintptr_t)region->address;
	uint64_t granule = MFR_PAGE_BYTES;
	struct mfr_range range;

	if (info->si_addr_lsb > 12 && info->si_addr_lsb < 63)
		granule = 1ULL << info->si_addr_lsb;
	range.offset = offset & ~(granule - 1);
	range.length = region->bytes - range.offset;
	if (range.length > granule)
		range.length = granule;
	return range;
}

int mfr_sigbus(struct mfr_context *context, const siginfo_t *info,
	       void *ucontext)
{
	struct mfr_event event = { };

	if (mfr_context_check(context) || !info ||
	    (info->si_code != BUS_MCEERR_AR && info->si_code != BUS_MCEERR_AO))
		return MFR_SIGBUS_NOT_MINE;
	event.region = mfr_context_find(context, (uintptr_t)info->si_addr);
	if (!event.region)
		return MFR_SIGBUS_NOT_MINE;
	event.range = lost_range(event.region, info);
	if (!mfr_ledger_mark(event.region->ledger, event.range.offset,
			     event.range.length))
		event.flags |= MFR_EVENT_KNOWN;
	if (info->si_code == BUS_MCEERR_AR)
		event.flags |= MFR_EVENT_ACTION_REQUIRED;
	mfr_queue_add(&context->queue, &event);
	if (info->si_code == BUS_MCEERR_AO || mfr_guard_leave(ucontext))
		return MFR_SIGBUS_RESUME;
	return MFR_SIGBUS_STUCK;
}

/*
 * A fault recurs when the handler returns, and then ends the process.  A signal
 * that was sent, or an AO error, has to be raised again.
 */
static void die(const siginfo_t *info)
{
	signal(SIGBUS, SIG_DFL);
	if (info->si_code <= 0 || info->si_code == BUS_MCEERR_AO)
		raise(SIGBUS);
}

static void pass_on(int sig, siginfo_t *info, void *ucontext)
{
	if (before.sa_flags & SA_SIGINFO)
		before.sa_sigaction(sig, info, ucontext);
	else if (before.sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN)
		die(info);
	else
		before.sa_handler(sig);
}

static void on_sigbus(int sig, siginfo_t *info, void *ucontext)
{
	struct mfr_context *context = atomic_load(&installed);

	if (context &&
	    mfr_sigbus(context, info, ucontext) == MFR_SIGBUS_RESUME)
		return;
	pass_on(sig, info, ucontext);
}

/* In this order: once @installed is NULL, another thread may install. */
static void forget(struct mfr_context *context)
{
	atomic_store(&context->has_handler, false);
	atomic_store(&installed, NULL);
}

int mfr_sigbus_install(struct mfr_context *context)
{
	struct sigaction ours = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART,
	};
	int saved = errno, err = mfr_context_check(context);
	struct mfr_context *nobody = NULL;

	if (err)
		return err;
	if (!atomic_compare_exchange_strong(&installed, &nobody, context))
		return -EBUSY;
	atomic_store(&context->has_handler, true);
	err = sigaction(SIGBUS, NULL, &before);
	ours.sa_mask = before.sa_mask;
	if (err || sigaction(SIGBUS, &ours, NULL)) {
		err = -errno;
		forget(context);
	}
	errno = saved;
	return err;
}

int mfr_sigbus_uninstall(struct mfr_context *context)
{
	int saved = errno, err = mfr_context_check(context);
	struct sigaction now;

	if (err)
		return err;
	if (!atomic_load(&context->has_handler))
		return -ENOENT;
	if (sigaction(SIGBUS, NULL, &now))
		err = -errno;
	else if (!(now.sa_flags & SA_SIGINFO) || now.sa_sigaction != on_sigbus)
		err = -EBUSY;
	else if (sigaction(SIGBUS, &before, NULL))
		err = -errno;
	if (!err)
		forget(context);
	errno = saved;
	return err;
}
