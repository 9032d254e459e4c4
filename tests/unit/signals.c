// SPDX-License-Identifier: GPL-2.0-only
/* SIGBUS as the kernel sends it, events, and what a handler may do. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context.h"
#include "region.h"
#include "sigbus.h"
#include "guard.h"
#include "kselftest_harness.h"
#include "scene.h"

static siginfo_t sigbus_info(int code, void *address, int lsb)
{
	siginfo_t info = { .si_signo = SIGBUS, .si_code = code };

	info.si_addr = address;
	info.si_addr_lsb = lsb;
	return info;
}

/* A thread may send itself a signal with any si_code. */
static void raise_sigbus(int code, void *address, int lsb)
{
	siginfo_t info = sigbus_info(code, address, lsb);

	syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGBUS, &info);
}

FIXTURE(signals)
{
	struct mfr_context *context;
	struct mfr_region *region;
	char *map;
};

FIXTURE_SETUP(signals)
{
	self->context = scene_context(4);
	self->region = scene_region(self->context, 1024);
	ASSERT_NE(NULL, self->region);
	self->map = mfr_region_address(self->region);
}

FIXTURE_TEARDOWN(signals)
{
}

static int readable(struct mfr_context *c)
{
	struct pollfd fd = { .fd = mfr_event_fd(c), .events = POLLIN };

	return poll(&fd, 1, 0);
}

TEST_F(signals, what_is_lost_is_told_to_the_byte)
{
	siginfo_t info = sigbus_info(BUS_MCEERR_AR, self->map + 5 * PAGE + 9, 12);
	struct mfr_event e = { .size = sizeof(e) };

	EXPECT_EQ(0, readable(self->context));
	EXPECT_EQ(MFR_SIGBUS_STUCK, mfr_sigbus(self->context, &info, NULL));
	EXPECT_EQ(1, readable(self->context));
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(self->region, e.region);
	EXPECT_EQ(5 * PAGE, e.range.offset);
	EXPECT_EQ(PAGE, e.range.length);
	EXPECT_EQ(MFR_EVENT_ACTION_REQUIRED, e.flags);
	EXPECT_EQ(0, mfr_event_next(self->context, &e));
	EXPECT_EQ(0, readable(self->context));
	EXPECT_EQ(PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
	info.si_code = BUS_MCEERR_AO;
	EXPECT_EQ(MFR_SIGBUS_RESUME, mfr_sigbus(self->context, &info, NULL));
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(MFR_EVENT_KNOWN, e.flags);
}

TEST_F(signals, a_whole_huge_page_is_told_as_lost)
{
	siginfo_t info = sigbus_info(BUS_MCEERR_AR, self->map + 600 * PAGE, 21);
	struct mfr_event e = { .size = sizeof(e) };

	mfr_sigbus(self->context, &info, NULL);
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(2 << 20, e.range.offset);
	EXPECT_EQ(2 << 20, e.range.length);
	info = sigbus_info(BUS_MCEERR_AR, self->map, 30);
	mfr_sigbus(self->context, &info, NULL);
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(0, e.range.offset);
	EXPECT_EQ(1024 * PAGE, e.range.length);
}

TEST_F(signals, what_is_not_ours_is_left_alone)
{
	siginfo_t info = sigbus_info(BUS_ADRERR, self->map, 12);
	struct mfr_event e = { .size = sizeof(e) };
	int i;

	for (i = 0; i < 4; i++) {
		EXPECT_EQ(MFR_SIGBUS_NOT_MINE,
			  mfr_sigbus(self->context, &info, NULL));
		info = sigbus_info(i == 1 ? SI_USER : BUS_MCEERR_AR,
				   i == 2 ? self->map - 1 :
				   self->map + 1024 * PAGE, 12);
	}
	EXPECT_EQ(0, mfr_event_next(self->context, &e));
	EXPECT_EQ(0, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
}

TEST_F(signals, a_full_queue_is_a_state_and_no_loss)
{
	struct mfr_event e = { .size = sizeof(e) };
	int i;

	for (i = 0; i < 10; i++) {
		siginfo_t info = sigbus_info(BUS_MCEERR_AO,
					     self->map + 2 * i * PAGE, 12);

		mfr_sigbus(self->context, &info, NULL);
	}
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(1, mfr_event_next(self->context, &e));
		EXPECT_EQ(2 * i * PAGE, e.range.offset);
	}
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(MFR_EVENT_OVERFLOW, e.flags);
	EXPECT_EQ(NULL, e.region);
	EXPECT_EQ(0, mfr_event_next(self->context, &e));
	EXPECT_EQ(10 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
}

/* Far more than the queue has room for, but never many at a time. */
TEST_F(signals, a_queue_goes_round)
{
	struct mfr_event e = { .size = sizeof(e) };
	siginfo_t info;
	int i;

	for (i = 0; i < 50; i++) {
		info = sigbus_info(BUS_MCEERR_AO, self->map + i * PAGE, 12);
		mfr_sigbus(self->context, &info, NULL);
		ASSERT_EQ(1, mfr_event_next(self->context, &e));
		EXPECT_EQ(i * PAGE, e.range.offset);
		EXPECT_EQ(0, e.flags);
		EXPECT_EQ(0, mfr_event_next(self->context, &e));
	}
}

/* After the overflow was taken, there is room again. */
TEST_F(signals, a_queue_that_was_full_goes_on)
{
	struct mfr_event e = { .size = sizeof(e) };
	siginfo_t info = sigbus_info(BUS_MCEERR_AO, self->map, 12);
	int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 5; i++)
			mfr_sigbus(self->context, &info, NULL);
		for (i = 0; i < 5; i++) {
			ASSERT_EQ(1, mfr_event_next(self->context, &e));
			EXPECT_EQ(i == 4, !!(e.flags & MFR_EVENT_OVERFLOW));
		}
		EXPECT_EQ(0, mfr_event_next(self->context, &e));
	}
}

/* Of the sizes that a kernel may name, those that can be one are taken. */
TEST_F(signals, no_size_is_less_than_a_page_or_too_large)
{
	static const struct {
		int lsb;
		uint64_t offset, length;
	} cases[] = {
		{ 0, 600 * PAGE, PAGE }, { 6, 600 * PAGE, PAGE },
		{ 11, 600 * PAGE, PAGE }, { 13, 600 * PAGE, 2 * PAGE },
		{ 22, 0, 1024 * PAGE }, { 62, 0, 1024 * PAGE },
		{ 63, 600 * PAGE, PAGE }, { 64, 600 * PAGE, PAGE },
		{ -1, 600 * PAGE, PAGE },
	};
	struct mfr_event e = { .size = sizeof(e) };
	siginfo_t info;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		info = sigbus_info(BUS_MCEERR_AO, self->map + 600 * PAGE + 9, cases[i].lsb);
		mfr_sigbus(self->context, &info, NULL);
		ASSERT_EQ(1, mfr_event_next(self->context, &e));
		EXPECT_EQ(cases[i].offset, e.range.offset) TH_LOG("lsb %d", cases[i].lsb);
		EXPECT_EQ(cases[i].length, e.range.length) TH_LOG("lsb %d", cases[i].lsb);
	}
}

TEST_F(signals, what_is_no_context_is_refused)
{
	static const char foreign[sizeof(struct mfr_context)];
	struct mfr_context *foreigner = (void *)foreign;
	siginfo_t info = sigbus_info(BUS_MCEERR_AR, self->map, 12);
	struct mfr_event e = { .size = sizeof(e) };

	EXPECT_EQ(-EFAULT, mfr_event_next(self->context, NULL));
	EXPECT_EQ(-EFAULT, mfr_event_next(NULL, &e));
	EXPECT_EQ(-EFAULT, mfr_event_fd(NULL));
	EXPECT_EQ(-EFAULT, mfr_sigbus_install(NULL, 0));
	EXPECT_EQ(-EFAULT, mfr_sigbus_uninstall(NULL));
	EXPECT_EQ(-EINVAL, mfr_event_next(foreigner, &e));
	EXPECT_EQ(-EINVAL, mfr_event_fd(foreigner));
	EXPECT_EQ(-EINVAL, mfr_sigbus_install(foreigner, 0));
	EXPECT_EQ(-EINVAL, mfr_sigbus_uninstall(foreigner));
	EXPECT_EQ(MFR_SIGBUS_NOT_MINE, mfr_sigbus(foreigner, &info, NULL));
	EXPECT_EQ(MFR_SIGBUS_NOT_MINE, mfr_sigbus(NULL, &info, NULL));
	EXPECT_EQ(MFR_SIGBUS_NOT_MINE, mfr_sigbus(self->context, NULL, NULL));
	EXPECT_EQ(0, mfr_event_next(self->context, &e));
}

static sig_atomic_t seen_before;
static sigjmp_buf out;

static void before(int sig, siginfo_t *info, void *ucontext)
{
	(void)sig;
	(void)ucontext;
	seen_before = info->si_code;
	siglongjmp(out, 1);
}

TEST_F(signals, the_handler_from_before_gets_the_rest)
{
	struct sigaction sa = { .sa_sigaction = before, .sa_flags = SA_SIGINFO };
	struct sigaction now;
	struct mfr_context *other = scene_context(4);

	sigaction(SIGBUS, &sa, NULL);
	EXPECT_EQ(-ENOENT, mfr_sigbus_uninstall(self->context));
	ASSERT_EQ(0, mfr_sigbus_install(self->context, 0));
	EXPECT_EQ(-EALREADY, mfr_sigbus_install(self->context, 0));
	EXPECT_EQ(-EINVAL, mfr_sigbus_install(other, 2));
	EXPECT_EQ(0, mfr_sigbus_install(other, 0));
	EXPECT_EQ(-EBUSY, mfr_context_destroy(other));
	EXPECT_EQ(0, mfr_sigbus_uninstall(other));
	EXPECT_EQ(0, mfr_context_destroy(other));
	EXPECT_EQ(-EBUSY, mfr_context_destroy(self->context));
	raise_sigbus(BUS_MCEERR_AO, self->map, 12);
	EXPECT_EQ(0, seen_before);
	if (!sigsetjmp(out, 1))
		raise_sigbus(BUS_ADRERR, self->map, 12);
	EXPECT_EQ(BUS_ADRERR, seen_before);
	if (!sigsetjmp(out, 1))
		raise_sigbus(BUS_MCEERR_AR, self->map + PAGE, 12);
	EXPECT_EQ(BUS_MCEERR_AR, seen_before);
	EXPECT_EQ(2 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
	EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
	sigaction(SIGBUS, NULL, &now);
	EXPECT_TRUE(now.sa_sigaction == before);
}

/* A handler of the program's that is installed over the library's, and calls it. */
static struct sigaction under;
static sig_atomic_t seen_over;

static void over(int sig, siginfo_t *info, void *ucontext)
{
	seen_over++;
	under.sa_sigaction(sig, info, ucontext);
}

TEST_F(signals, the_handler_can_be_replaced_and_come_back)
{
	struct sigaction sa = { .sa_sigaction = before, .sa_flags = SA_SIGINFO };
	int i;

	sigaction(SIGBUS, &sa, NULL);
	sa.sa_sigaction = over;
	ASSERT_EQ(0, mfr_sigbus_install(self->context, 0));
	sigaction(SIGBUS, &sa, &under);
	EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
	/* Ours is below still, and has nobody to tell */
	if (!sigsetjmp(out, 1))
		raise_sigbus(BUS_MCEERR_AO, self->map, 12);
	EXPECT_EQ(BUS_MCEERR_AO, seen_before);
	EXPECT_EQ(1, seen_over);
	ASSERT_EQ(0, mfr_sigbus_install(self->context, 0));
	raise_sigbus(BUS_MCEERR_AO, self->map, 12);
	EXPECT_EQ(1, seen_over);
	EXPECT_EQ(PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
	/* What is not ours goes all the way down, once through each */
	seen_before = 0;
	if (!sigsetjmp(out, 1))
		raise_sigbus(BUS_ADRERR, self->map, 12);
	EXPECT_EQ(BUS_ADRERR, seen_before);
	EXPECT_EQ(2, seen_over);
	/* Four times is enough for any chain that has an end */
	for (i = 0; i < 3; i++) {
		sigaction(SIGBUS, &sa, NULL);
		EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
		EXPECT_EQ(i < 2 ? 0 : -EBUSY,
			  mfr_sigbus_install(self->context, 0));
	}
}

TEST_F(signals, the_thread_that_installs_gets_its_signals)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGBUS);
	pthread_sigmask(SIG_BLOCK, &mask, NULL);
	EXPECT_EQ(PR_MCE_KILL_DEFAULT, prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	ASSERT_EQ(0, mfr_sigbus_install(self->context, MFR_INSTALL_EARLY_KILL));
	EXPECT_EQ(PR_MCE_KILL_EARLY, prctl(PR_MCE_KILL_GET, 0, 0, 0, 0));
	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	EXPECT_EQ(0, sigismember(&mask, SIGBUS));
	raise_sigbus(BUS_MCEERR_AO, self->map, 12);
	EXPECT_EQ(PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
	EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
}

TEST_F(signals, events_have_the_callers_value)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = PAGE, .value = &o,
	};
	struct mfr_event e = { .size = sizeof(e) };
	struct mfr_region *r;
	siginfo_t info;

	ASSERT_EQ(0, mfr_region_create(self->context, &o, &r));
	info = sigbus_info(BUS_MCEERR_AO, mfr_region_address(r), 12);
	mfr_sigbus(self->context, &info, NULL);
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(r, e.region);
	EXPECT_EQ(&o, e.value);
}

/* Also not by another region that happens to have its address. */
TEST_F(signals, no_event_is_of_a_destroyed_region)
{
	struct mfr_region_options o = { .size = sizeof(o), .bytes = PAGE };
	siginfo_t info = sigbus_info(BUS_MCEERR_AO, self->map, 12);
	struct mfr_event e = { .size = sizeof(e) };
	struct mfr_region *r;

	ASSERT_EQ(0, mfr_region_create(self->context, &o, &r));
	info.si_addr = mfr_region_address(r);
	mfr_sigbus(self->context, &info, NULL);
	info.si_addr = self->map;
	mfr_sigbus(self->context, &info, NULL);
	mfr_region_destroy(r);
	ASSERT_EQ(0, mfr_region_create(self->context, &o, &r));
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(self->region, e.region);
	EXPECT_EQ(0, mfr_event_next(self->context, &e));
}

/* A child marks what both share, and leaves the parent's events alone. */
TEST_F(signals, a_child_does_not_silence_its_parent)
{
	siginfo_t info = sigbus_info(BUS_MCEERR_AO, self->map, 12);
	struct mfr_event e = { .size = sizeof(e) };
	int status;

	mfr_sigbus(self->context, &info, NULL);
	if (!fork()) {
		info.si_addr = self->map + 7 * PAGE;
		_exit(mfr_event_next(self->context, &e) != -EPERM ||
		      mfr_sigbus(self->context, &info, NULL) !=
		      MFR_SIGBUS_RESUME);
	}
	wait(&status);
	EXPECT_EQ(0, status);
	EXPECT_EQ(1, readable(self->context));
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(0, e.range.offset);
	EXPECT_EQ(0, mfr_event_next(self->context, &e));
	EXPECT_EQ(2 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
}

/* KVM says 4 KiB whatever the page is; without the policy all of it is gone. */
TEST_F(signals, without_the_policy_a_huge_page_is_lost)
{
	siginfo_t info = sigbus_info(BUS_MCEERR_AR, self->map + 600 * PAGE, 12);
	struct mfr_event e = { .size = sizeof(e) };

	self->region->page_bytes = 2 << 20;
	self->region->whole = true;
	mfr_sigbus(self->context, &info, NULL);
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(2 << 20, e.range.offset);
	EXPECT_EQ(2 << 20, e.range.length);
	self->region->whole = false;
	info.si_addr = self->map;
	mfr_sigbus(self->context, &info, NULL);
	ASSERT_EQ(1, mfr_event_next(self->context, &e));
	EXPECT_EQ(PAGE, e.range.length);
}

TEST_F_SIGNAL(signals, the_default_action_still_kills, SIGBUS)
{
	signal(SIGBUS, SIG_DFL);	/* sanitizers install a handler */
	mfr_sigbus_install(self->context, 0);
	raise_sigbus(SI_QUEUE, NULL, 0);
}

/* Kill at any system call but write, rt_sigreturn (handlers) and exit_group. */
static void allow_write_only(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(*filter), .filter = filter,
	};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void one_write(struct __test_metadata *_metadata, int extra)
{
	int status;

	if (!fork()) {
		struct mfr_context *context = scene_context(4);
		siginfo_t info = sigbus_info(BUS_MCEERR_AO,
			mfr_region_address(scene_region(context, 1)), 12);

		allow_write_only();
		if (extra)
			syscall(SYS_getppid);
		mfr_sigbus(context, &info, NULL);
		syscall(SYS_exit_group, 0);
	}
	wait(&status);
	if (extra) {
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	} else {
		EXPECT_EQ(0, status);
	}
}

TEST_F(signals, the_only_system_call_is_write)
{
	one_write(_metadata, 0);
	one_write(_metadata, 1);
}

/* ld --wrap sends all calls of these here, those of the library, too. */
void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *p, size_t bytes);
void __real_free(void *p);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_realloc(void *p, size_t bytes);
void __wrap_free(void *p);

static __thread bool in_handler;

static void not_in_handler(void)
{
	if (in_handler)
		_exit(99);
}

void *__wrap_malloc(size_t bytes)
{
	not_in_handler();
	return __real_malloc(bytes);
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	not_in_handler();
	return __real_calloc(n, bytes);
}

void *__wrap_realloc(void *p, size_t bytes)
{
	not_in_handler();
	return __real_realloc(p, bytes);
}

void __wrap_free(void *p)
{
	not_in_handler();
	__real_free(p);
}

/* A child handles errors all over the region, which overflow the queue. */
static int handle_without_heap(struct mfr_context *context, char *map,
			       bool also_allocate)
{
	siginfo_t info;
	int i, status;

	if (!fork()) {
		in_handler = true;
		for (i = 0; i < 1024; i += 3) {
			info = sigbus_info(BUS_MCEERR_AO, map + i * PAGE, 12);
			if (mfr_sigbus(context, &info, NULL) !=
			    MFR_SIGBUS_RESUME)
				_exit(1);
		}
		if (also_allocate)
			mfr_context_create(NULL, &context);
		_exit(0);
	}
	wait(&status);
	return WEXITSTATUS(status);
}

TEST_F(signals, a_handler_leaves_the_heap_alone)
{
	EXPECT_EQ(0, handle_without_heap(self->context, self->map, false));
	EXPECT_EQ(342 * PAGE,
		  mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
	EXPECT_EQ(99, handle_without_heap(self->context, self->map, true));
}

/* Simulate poison: a page without access faults, reported as an AR error. */
static struct mfr_context *as_poison;

static void bus_to_poison(int sig, siginfo_t *info, void *ucontext)
{
	siginfo_t poison = sigbus_info(BUS_MCEERR_AR, info->si_addr, 12);

	(void)sig;
	if (mfr_sigbus(as_poison, &poison, ucontext) != MFR_SIGBUS_RESUME)
		_exit(99);
}

TEST_F(signals, guarded_access_ends_at_a_real_fault)
{
	struct sigaction sa = { .sa_sigaction = bus_to_poison,
				.sa_flags = SA_SIGINFO };
	char buffer[3 * PAGE];
	struct mfr_range r;

	as_poison = self->context;
	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
	mprotect(self->map + 2 * PAGE, PAGE, PROT_NONE);
	mprotect(self->map + 9 * PAGE, PAGE, PROT_NONE);
	errno = 77;
	EXPECT_EQ(PAGE - 1, mfr_read(self->region, PAGE + 1, buffer, 2 * PAGE));
	EXPECT_EQ(77, errno);
	EXPECT_EQ(PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
	EXPECT_EQ(-EHWPOISON, mfr_read(self->region, 2 * PAGE, buffer, 1));
	EXPECT_EQ(PAGE, mfr_search(self->region, 100, 11 * PAGE));
	ASSERT_EQ(1, mfr_ledger_next_lost(mfr_region_ledger(self->region),
					  3 * PAGE, &r));
	EXPECT_EQ(9 * PAGE, r.offset);
	EXPECT_EQ(PAGE, r.length);
	mprotect(self->map + 20 * PAGE, PAGE, PROT_NONE);
	EXPECT_EQ(-EHWPOISON, mfr_copy(self->region, 0, self->region,
				       20 * PAGE, PAGE));
	mprotect(self->map + 30 * PAGE, PAGE, PROT_NONE);
	EXPECT_EQ(PAGE, mfr_write(self->region, 29 * PAGE, buffer, 2 * PAGE));
}

/* SIGBUS for a file that shrank is not a memory error: pass it on. */
static void note_and_leave(int sig, siginfo_t *info, void *ucontext)
{
	(void)sig;
	if (mfr_sigbus(as_poison, info, ucontext) == MFR_SIGBUS_NOT_MINE)
		before(sig, info, ucontext);
}

/* As does a page that the pool or a cgroup refuses. */
TEST_F(signals, a_page_that_is_not_there_is_an_error)
{
	struct sigaction sa = { .sa_sigaction = note_and_leave,
				.sa_flags = SA_SIGINFO };
	const struct mfr_import_options o = {
		.size = sizeof(o), .flags = MFR_IMPORT_UNSEALED,
	};
	int fd = memfd_create("shrinks", MFD_ALLOW_SEALING);
	struct mfr_region *r;
	uint64_t word;
	char byte = 0;

	ASSERT_EQ(0, ftruncate(fd, 4 * PAGE));
	ASSERT_EQ(0, mfr_region_import(self->context, fd, &o, &r));
	ASSERT_EQ(0, ftruncate(fd, PAGE));
	as_poison = self->context;
	sigaction(SIGBUS, &sa, NULL);
	EXPECT_EQ(-ENOMEM, mfr_read(r, 2 * PAGE, &byte, 1));
	EXPECT_EQ(-ENOMEM, mfr_write(r, 2 * PAGE, &byte, 1));
	EXPECT_EQ(-ENOMEM, mfr_load64(r, 2 * PAGE, &word));
	EXPECT_EQ(-ENOMEM, mfr_search(r, 0, 4 * PAGE));
	EXPECT_EQ(-EFAULT, mfr_read(self->region, 0,
				    mfr_region_address(r) + 2 * PAGE, 1));
	EXPECT_EQ(-EFAULT, mfr_write(self->region, 0,
				     mfr_region_address(r) + 2 * PAGE, 1));
	EXPECT_EQ(0, seen_before);
	if (!sigsetjmp(out, 1))
		byte = *((volatile char *)mfr_region_address(r) + 2 * PAGE);
	EXPECT_EQ(BUS_ADRERR, seen_before);
	EXPECT_EQ(0, mfr_ledger_lost_bytes(mfr_region_ledger(r)));
	EXPECT_EQ(1, mfr_read(r, 0, &byte, 1));
}

static _Atomic int interruptions;

static void count_interruption(int sig)
{
	(void)sig;
	interruptions++;
}

static bool sleeps(pid_t tid)
{
	char path[64], line[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, ") S ");
}

struct blocked {
	pid_t tid;
	int pipe[2];
};

/* Send a signal while the reader sleeps, then the byte that it waits for. */
static void *interrupt(void *arg)
{
	const struct blocked *b = arg;

	while (!sleeps(b->tid))
		sched_yield();
	syscall(SYS_tgkill, getpid(), b->tid, SIGBUS);
	while (!interruptions || !sleeps(b->tid))
		sched_yield();
	return write(b->pipe[1], "x", 1) == 1 ? arg : NULL;
}

TEST_F(signals, an_interrupted_system_call_is_restarted)
{
	struct blocked b = { .tid = gettid() };
	pthread_t thread;
	char byte;

	signal(SIGBUS, count_interruption);
	ASSERT_EQ(0, mfr_sigbus_install(self->context, 0));
	ASSERT_EQ(0, pipe(b.pipe));
	pthread_create(&thread, NULL, interrupt, &b);
	EXPECT_EQ(1, read(b.pipe[0], &byte, 1));
	pthread_join(thread, NULL);
	EXPECT_EQ(1, interruptions);
	EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
}

static void *send_many(void *arg)
{
	char *map = mfr_region_address(arg);
	int i;

	for (i = 0; i < 200; i++) {
		siginfo_t info = sigbus_info(BUS_MCEERR_AO, map + i * PAGE, 12);

		mfr_sigbus(as_poison, &info, NULL);
	}
	return NULL;
}

TEST_F(signals, threads_lose_no_event_without_saying_so)
{
	pthread_t threads[4];
	struct mfr_event e = { .size = sizeof(e) };
	int i, events = 0, overflows = 0;

	as_poison = self->context;
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, send_many, self->region);
	for (i = 0; i < 100; i++)
		while (mfr_event_next(self->context, &e) == 1)
			(e.flags & MFR_EVENT_OVERFLOW ? overflows++ : events++);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	while (mfr_event_next(self->context, &e) == 1)
		(e.flags & MFR_EVENT_OVERFLOW ? overflows++ : events++);
	EXPECT_TRUE(events == 800 || overflows);
	EXPECT_GE(800, events);
	EXPECT_EQ(200 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
}

struct turns {
	struct mfr_context *context;
	int done, unprotected;
};

/* A context whose handler is installed must be protected from destruction. */
static void *install_often(void *arg)
{
	struct turns *t = arg;

	while (t->done < 5000) {
		if (mfr_sigbus_install(t->context, 0)) {
			sched_yield();
			continue;
		}
		t->done++;
		t->unprotected += !mfr_sigbus_is_installed(t->context);
		mfr_sigbus_uninstall(t->context);
	}
	return NULL;
}

TEST_F(signals, threads_take_turns_with_the_handler)
{
	struct turns turns[2] = {
		{ .context = self->context }, { .context = self->context },
	};
	pthread_t threads[2];
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, install_often,
					    &turns[i]));
	for (i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, turns[i].unprotected);
	}
	EXPECT_EQ(-ENOENT, mfr_sigbus_uninstall(self->context));
}

static _Atomic bool ends;

/* Signals for one context, at least one, while another one comes and goes. */
static void *raise_often(void *arg)
{
	do {
		raise_sigbus(BUS_MCEERR_AO, arg, 12);
	} while (!ends);
	return NULL;
}

TEST_F(signals, a_context_can_go_while_others_get_signals)
{
	struct mfr_context *other;
	pthread_t threads[3];
	int i;

	ASSERT_EQ(0, mfr_sigbus_install(self->context, 0));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, raise_often,
					    self->map));
	for (i = 0; i < 300; i++) {
		other = scene_context(4);
		ASSERT_EQ(0, mfr_sigbus_install(other, 0));
		ASSERT_EQ(0, mfr_sigbus_uninstall(other));
		ASSERT_EQ(0, mfr_context_destroy(other));
	}
	ends = true;
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(self->region)));
	EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
}

/* A handler that leaves by longjmp() keeps what it was installed with. */
TEST_F(signals, the_signal_is_as_little_blocked_as_before)
{
	struct sigaction sa = { .sa_sigaction = before,
				.sa_flags = SA_SIGINFO | SA_NODEFER };
	struct sigaction now;

	sigaction(SIGBUS, &sa, NULL);
	ASSERT_EQ(0, mfr_sigbus_install(self->context, 0));
	sigaction(SIGBUS, NULL, &now);
	EXPECT_TRUE(now.sa_flags & SA_NODEFER);
	EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
	sa.sa_flags = SA_SIGINFO;
	sigaction(SIGBUS, &sa, NULL);
	ASSERT_EQ(0, mfr_sigbus_install(self->context, 0));
	sigaction(SIGBUS, NULL, &now);
	EXPECT_FALSE(now.sa_flags & SA_NODEFER);
	EXPECT_EQ(0, mfr_sigbus_uninstall(self->context));
}

/* The descriptor counts what is written to it. */
TEST_F(signals, it_writes_once)
{
	siginfo_t info = sigbus_info(BUS_MCEERR_AR, self->map, 12);
	uint64_t writes = 0;
	int i;

	for (i = 0; i < 6; i++) {
		mfr_sigbus(self->context, &info, NULL);
		ASSERT_EQ(8, read(mfr_event_fd(self->context), &writes, 8));
		EXPECT_EQ(1, writes);
	}
}

TEST_HARNESS_MAIN
