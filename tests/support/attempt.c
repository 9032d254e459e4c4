// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "attempt.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS	20000	/* for emulation on a busy machine */
#define KILL_LIMIT_MS	1000

/* True if the child ends within the limit.  The caller has to reap it. */
static int ended(pid_t pid, int limit_ms)
{
	struct pollfd end = {
		.fd = syscall(SYS_pidfd_open, pid, 0),
		.events = POLLIN,
	};
	int n = poll(&end, 1, limit_ms);

	close(end.fd);
	return n == 1;
}

/* A child that is stuck in the kernel is left running. */
static long kill_it(pid_t pid)
{
	kill(pid, SIGKILL);
	if (!ended(pid, KILL_LIMIT_MS))
		return ATTEMPT_UNKILLABLE;
	waitpid(pid, NULL, 0);
	return ATTEMPT_HANGS;
}

long attempt(long (*what)(void *arg), void *arg)
{
	long result = ATTEMPT_KILLED;
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return ATTEMPT_KILLED;
	pid = fork();
	if (!pid) {
		result = what(arg);
		_exit(write(ends[1], &result, sizeof(result)) !=
		      sizeof(result));
	}
	close(ends[1]);
	if (!ended(pid, LIMIT_MS)) {
		result = kill_it(pid);
	} else {
		if (read(ends[0], &result, sizeof(result)) != sizeof(result))
			result = ATTEMPT_KILLED;
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	return result;
}
