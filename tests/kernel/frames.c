// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 17: a signal frame lies on a raw page.  Stores to it work, but
 * XSAVE also loads from it, a machine check in the kernel: the signal cannot be
 * delivered.  The process must stay killable, and its CPU must stay usable.
 *
 * FXSAVE (boot with noxsave) loads nothing, so with it the handler runs.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "counters.h"
#include "hugepage.h"
#include "pattern.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "sigbus.h"

#define RAW		(16 * BASE_PAGE)
#define HANDLED		42
#define MACHINE_CHECKS	8	/* far more than one frame should need */

/* Below 4 GiB, for a 32-bit system call */
#define LOW_FILE	((void *)0x40000000)
#define LOW_CODE	((void *)0x50000000)

FIXTURE(frame)
{
	struct hugepage hp;
	char *raw;
	int64_t hits;
	long corrupted_kb;
};

FIXTURE_VARIANT(frame)
{
	bool known;		/* to the kernel, which left it mapped */
	bool ia32;
};

FIXTURE_VARIANT_ADD(frame, known) { .known = true };
FIXTURE_VARIANT_ADD(frame, known_32) { .known = true, .ia32 = true };
FIXTURE_VARIANT_ADD(frame, fresh) { .known = false };
FIXTURE_VARIANT_ADD(frame, fresh_32) { .ia32 = true };

static bool have_xsave(void)
{
	static char text[1 << 16];

	procfile_read("/proc/cpuinfo", text, sizeof(text));
	return strstr(text, " xsave ");
}

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

static int last_cpu(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) - 1;
}

static long corrupted_kb(void)
{
	struct error_counters counters;

	error_counters_read(&counters);
	return counters.corrupted_kb;
}

FIXTURE_SETUP(frame)
{
	struct sigbus seen;

	sigbus_catch();
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	ASSERT_EQ(LOW_FILE, mmap(LOW_FILE, SIZE_2M, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, self->hp.fd, 0));
	self->raw = (char *)LOW_FILE + RAW;
	memset(LOW_FILE, 1, SIZE_2M);
	ASSERT_EQ(0, lab_poison_add(self->hp.pa + RAW, BASE_PAGE));
	if (variant->known)
		ASSERT_TRUE(sigbus_on_load(self->raw, &seen));
	self->hits = lab_poison_hits();
	self->corrupted_kb = corrupted_kb();
	CONTROL_READY();
	/* With one CPU, nothing can end the loop by deleting the poison. */
	if (!last_cpu() && !variant->known)
		CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(frame)
{
	lab_poison_clear();
}

static void handler(int sig)
{
	(void)sig;
	_exit(HANDLED);
}

static void use_frame(char *raw)
{
	const stack_t stack = {
		.ss_sp = raw - 3 * BASE_PAGE, .ss_size = 4 * BASE_PAGE,
	};
	const struct sigaction action = {
		.sa_handler = handler, .sa_flags = SA_ONSTACK,
	};

	if (sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
		_exit(1);
}

#define SYS_RT_SIGACTION_32	174
#define SYS_SIGALTSTACK_32	186

static long syscall_32(long nr, long a, long b, long c, long d)
{
	long ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)ret;
}

/* Static, as a 32-bit pointer cannot address the stack. */
static struct {
	uint32_t handler, flags, restorer, mask[2];
} action_32;

static struct {
	uint32_t sp;
	int32_t flags;
	uint32_t size;
} stack_32;

/* exit(HANDLED): mov $1, %eax; mov $HANDLED, %ebx; int $0x80 */
static const unsigned char handler_32[] = {
	0xb8, 1, 0, 0, 0, 0xbb, HANDLED, 0, 0, 0, 0xcd, 0x80,
};

/* A handler set by a 32-bit call gets 32-bit frames, in any process. */
static void use_frame_32(char *raw)
{
	char *code = mmap(LOW_CODE, BASE_PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	memcpy(code, handler_32, sizeof(handler_32));
	action_32.handler = (uintptr_t)code;
	action_32.flags = SA_ONSTACK;
	stack_32.sp = (uintptr_t)raw - 3 * BASE_PAGE;
	stack_32.size = 4 * BASE_PAGE;
	if (syscall_32(SYS_SIGALTSTACK_32, (uintptr_t)&stack_32, 0, 0, 0) ||
	    syscall_32(SYS_RT_SIGACTION_32, SIGUSR1, (uintptr_t)&action_32, 0, 8))
		_exit(1);
}

/* A child that gets a signal and ends, in its handler or by a signal. */
static pid_t signalled(char *raw, bool ia32)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	run_on(last_cpu());
	signal(SIGBUS, SIG_DFL);
	if (ia32)
		use_frame_32(raw);
	else
		use_frame(raw);
	raise(SIGUSR1);
	_exit(2);
}

static bool ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Deleting the poison ends the loop, if there is one. */
static void clean_up(pid_t pid)
{
	lab_poison_clear();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(frame, is_refused)
{
	long kb = self->corrupted_kb + (variant->known ? 0 : 4);
	pid_t pid = signalled(self->raw, variant->ia32);
	int64_t hits;
	int status = 0;

	EXPECT_TRUE(poll_until(ended(pid, &status)));
	hits = lab_poison_hits() - self->hits;
	if (have_xsave()) {
		EXPECT_EQ(SIGSEGV, WTERMSIG(status));
		EXPECT_LT(0, hits);
		EXPECT_GE(MACHINE_CHECKS, hits);
		EXPECT_TRUE(poll_until(corrupted_kb() == kb));
	} else {
		EXPECT_EQ(HANDLED, WEXITSTATUS(status));
		EXPECT_EQ(0, hits);
	}
	clean_up(pid);
}

/* One such child after another, until the process group is killed. */
static pid_t signalled_again_and_again(char *raw, bool ia32)
{
	pid_t pid = fork();

	if (pid) {
		setpgid(pid, pid);
		return pid;
	}
	setpgid(0, 0);
	for (;;)
		waitpid(signalled(raw, ia32), NULL, 0);
}

/* Another task on the same CPU, standing in for stop_machine(). */
static pid_t neighbour(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	run_on(last_cpu());
	_exit(HANDLED);
}

static bool group_is_gone(pid_t pgid)
{
	waitpid(pgid, NULL, WNOHANG);
	return kill(-pgid, 0);
}

/* SIGKILL ends it; until then other tasks get their share of its CPU. */
TEST_F(frame, leaves_the_cpu)
{
	pid_t many = signalled_again_and_again(self->raw, variant->ia32);
	pid_t other;
	int status = 0;

	/* Wait until the loop has begun. */
	if (have_xsave())
		EXPECT_TRUE(poll_until(lab_poison_hits() > self->hits));
	other = neighbour();
	EXPECT_TRUE(poll_until(ended(other, &status)));
	EXPECT_EQ(HANDLED, WEXITSTATUS(status));
	kill(-many, SIGKILL);
	EXPECT_TRUE(poll_until(group_is_gone(many)));
	clean_up(other);
	poll_until(group_is_gone(many));
}

TEST_HARNESS_MAIN
