// SPDX-License-Identifier: MIT
/* The process's handler of SIGBUS, which contexts share. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "context.h"
#include "sigbus.h"

#define CONTEXTS	16

/*
 * Once another handler was installed over ours, it may pass signals on to ours.
 * To be first again, we install another entry, whose predecessor is that one: the
 * same function twice would make a ring of the two.
 */
#define ENTRIES		4

static struct mfr_context *_Atomic contexts[CONTEXTS];
static struct sigaction before[ENTRIES];	/* set before the entry is */
static int entries;				/* that may be in the chain */
static atomic_flag busy = ATOMIC_FLAG_INIT;	/* lock, not for the handler */

/*
 * How many handlers use contexts now, by the epoch in which they began.  Signals
 * may never stop, but those of one epoch do once another has begun.
 */
static atomic_uint epoch;
static atomic_int looking[2];

static void lock(void)
{
	while (atomic_flag_test_and_set(&busy))
		sched_yield();
}

static void unlock(void)
{
	atomic_flag_clear(&busy);
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

static void pass_on(const struct sigaction *to, int sig, siginfo_t *info,
		    void *ucontext)
{
	if (to->sa_flags & SA_SIGINFO)
		to->sa_sigaction(sig, info, ucontext);
	else if (to->sa_handler == SIG_IGN && info->si_code <= 0)
		return;
	else if (to->sa_handler == SIG_DFL || to->sa_handler == SIG_IGN)
		die(info);
	else
		to->sa_handler(sig);
}

static void handle(int entry, int sig, siginfo_t *info, void *ucontext)
{
	enum mfr_sigbus result = MFR_SIGBUS_NOT_MINE;
	unsigned int began = atomic_load(&epoch) % 2;
	int i;

	atomic_fetch_add(&looking[began], 1);
	for (i = 0; i < CONTEXTS && result == MFR_SIGBUS_NOT_MINE; i++) {
		struct mfr_context *context = atomic_load(&contexts[i]);

		if (context)
			result = mfr_sigbus(context, info, ucontext);
	}
	atomic_fetch_sub(&looking[began], 1);
	if (result != MFR_SIGBUS_RESUME)
		pass_on(&before[entry], sig, info, ucontext);
}

#define ENTRY(n)							\
	static void on_sigbus_##n(int sig, siginfo_t *info, void *ucontext) \
	{								\
		handle(n, sig, info, ucontext);				\
	}
ENTRY(0)
ENTRY(1)
ENTRY(2)
ENTRY(3)

static void (*const entry[ENTRIES])(int, siginfo_t *, void *) = {
	on_sigbus_0, on_sigbus_1, on_sigbus_2, on_sigbus_3,
};

/* Is the last entry the process's handler now? */
static bool is_first(void)
{
	struct sigaction now;

	return entries && !sigaction(SIGBUS, NULL, &now) &&
	       now.sa_flags & SA_SIGINFO &&
	       now.sa_sigaction == entry[entries - 1];
}

static int add_entry(void)
{
	struct sigaction ours = { .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART };

	if (entries == ENTRIES)
		return -EBUSY;
	if (sigaction(SIGBUS, NULL, &before[entries]))
		return -errno;
	ours.sa_sigaction = entry[entries];
	ours.sa_mask = before[entries].sa_mask;
	ours.sa_flags |= before[entries].sa_flags & SA_NODEFER;
	if (sigaction(SIGBUS, &ours, NULL))
		return -errno;
	entries++;
	return 0;
}

/* The place of @context, or a free one for NULL; or -1. */
static int find(const struct mfr_context *context)
{
	int i;

	for (i = 0; i < CONTEXTS; i++)
		if (atomic_load(&contexts[i]) == context)
			return i;
	return -1;
}

bool mfr_sigbus_is_installed(const struct mfr_context *context)
{
	return find(context) >= 0;
}

/* For the calling thread, and those that it creates. */
static int prepare_thread(unsigned int flags)
{
	sigset_t sigbus;

	sigemptyset(&sigbus);
	sigaddset(&sigbus, SIGBUS);
	if (flags & MFR_INSTALL_EARLY_KILL &&
	    prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0))
		return -errno;
	return -pthread_sigmask(SIG_UNBLOCK, &sigbus, NULL);
}

static int install(struct mfr_context *context, unsigned int flags)
{
	int i = find(NULL), err;

	if (mfr_sigbus_is_installed(context))
		return -EALREADY;
	if (i < 0)
		return -EBUSY;
	err = prepare_thread(flags);
	if (err)
		return err;
	atomic_store(&contexts[i], context);
	err = is_first() ? 0 : add_entry();
	if (err)
		atomic_store(&contexts[i], NULL);
	return err;
}

int mfr_sigbus_install(struct mfr_context *context, unsigned int flags)
{
	int saved = errno, err = mfr_context_check(context);

	if (err)
		return err;
	if (flags & ~MFR_INSTALL_EARLY_KILL)
		return -EINVAL;
	lock();
	err = install(context, flags);
	unlock();
	errno = saved;
	return err;
}

/*
 * Until no handler uses what was in @contexts before.  Twice, as one may have read
 * the epoch long ago.
 */
static void await_handlers(void)
{
	unsigned int i, old;

	for (i = 0; i < 2; i++) {
		old = atomic_fetch_add(&epoch, 1) % 2;
		while (atomic_load(&looking[old]))
			sched_yield();
	}
}

static bool has_contexts(void)
{
	int i;

	for (i = 0; i < CONTEXTS; i++)
		if (atomic_load(&contexts[i]))
			return true;
	return false;
}

int mfr_sigbus_uninstall(struct mfr_context *context)
{
	int saved = errno, err = mfr_context_check(context), i;

	if (err)
		return err;
	lock();
	i = find(context);
	if (i < 0)
		err = -ENOENT;
	else
		atomic_store(&contexts[i], NULL);
	if (!err)
		await_handlers();
	if (!err && !has_contexts() && is_first() &&
	    !sigaction(SIGBUS, &before[entries - 1], NULL))
		entries--;
	unlock();
	errno = saved;
	return err;
}
