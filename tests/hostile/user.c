// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "user.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define UID		1000
#define TICK_US		5000
#define CHILD_TICKS	12

sigjmp_buf user_jump;
volatile bool user_guarded;

/*
 * Not with glibc's functions: they change all threads of the process, and after
 * a clone() without glibc they take the observer's threads for the caller's.
 */
bool user_become(void)
{
	return !syscall(SYS_setgroups, 0, NULL) && !syscall(SYS_setgid, UID) &&
	       !syscall(SYS_setuid, UID) &&
	       !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static bool write_map(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return done;
}

bool user_unshare(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return false;
	return write_map("/proc/self/setgroups", "deny") &&
	       write_map("/proc/self/uid_map", "0 1000 1") &&
	       write_map("/proc/self/gid_map", "0 1000 1");
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void on_fault(int number)
{
	if (user_guarded)
		siglongjmp(user_jump, 1);
	signal(number, SIG_DFL);
}

void user_clock(void)
{
	const struct itimerval tick = { { 0, TICK_US }, { 0, TICK_US } };

	setitimer(ITIMER_REAL, &tick, NULL);
}

void user_signals(void)
{
	static const int harmless[] = {
		SIGALRM, SIGUSR1, SIGUSR2, SIGPIPE, SIGHUP, SIGIO, SIGTERM,
		SIGINT, SIGXFSZ, SIGVTALRM, SIGPROF, SIGXCPU, SIGQUIT,
	};
	struct sigaction action = { .sa_handler = on_alarm };
	sigset_t none;
	size_t i;

	for (i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		sigaction(harmless[i], &action, NULL);
	action.sa_handler = on_fault;
	action.sa_flags = SA_NODEFER;
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool makes_tasks(long nr)
{
	return nr == SYS_clone || nr == SYS_fork || nr == SYS_vfork ||
	       nr == SYS_clone3;
}

long user_call(long nr, unsigned long a, unsigned long b, unsigned long c,
	       unsigned long d, unsigned long e, unsigned long f)
{
	register unsigned long r10 __asm__("r10") = d;
	register unsigned long r8 __asm__("r8") = e;
	register unsigned long r9 __asm__("r9") = f;
	register long ends __asm__("r12") = makes_tasks(nr);
	long result;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\tjnz 1f\n\t"
			 "test %%r12, %%r12\n\tjz 1f\n\t"
			 "xor %%edi, %%edi\n\tmov %[exit], %%eax\n\tsyscall\n"
			 "1:"
			 : "=a" (result)
			 : "0" (nr), "D" (a), "S" (b), "d" (c), "r" (r10),
			   "r" (r8), "r" (r9), "r" (ends),
			   [exit] "i" (SYS_exit)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

/* The signals of user_clock() interrupt the wait. */
static void await(pid_t child)
{
	int ticks, status;

	for (ticks = 0; ticks < CHILD_TICKS; ticks++)
		if (waitpid(child, &status, __WALL) == child || errno != EINTR)
			return;
	kill(child, SIGKILL);
	while (waitpid(child, &status, __WALL) < 0 && errno == EINTR)
		;
}

pid_t user_fork(void)
{
	const struct itimerval off = { 0 };
	pid_t child;

	setitimer(ITIMER_REAL, &off, NULL);
	child = fork();
	if (child)
		user_clock();
	return child;
}

void user_child(void (*run)(void *), void *arg)
{
	pid_t child = user_fork();

	if (!child) {
		user_clock();
		user_signals();
		run(arg);
		_exit(0);
	}
	if (child > 0)
		await(child);
}
