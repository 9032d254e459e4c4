// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "batch.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "call.h"
#include "descriptors.h"
#include "heartbeat.h"
#include "journal.h"
#include "judge.h"
#include "user.h"

/*
 * A call that takes longer is killed; the start may take longer.  Both limits
 * are counted in polls, because these take longer too if the host is busy.
 */
#define POLL_MS		25
#define STUCK_POLLS	24
#define BEGIN_POLLS	400
#define LOOK_MS		100
/* One batch in this many has its own user and network namespaces. */
#define UNSHARE_ONE_IN	4

/* How the first process of the namespace ends if it could not attack. */
enum { NOT_A_USER = 1, NO_FORK, NO_CALL };

static unsigned long kills;

unsigned long batch_kills(void)
{
	return kills;
}

static void attack(uint64_t seed, uint64_t first, uint64_t end)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	user_signals();
	descriptors_open();
	user_clock();
	for (; first < end; first++)
		call_make(seed, first);
	_exit(0);
}

/* Also reaps the attacker's orphans: this process is their new parent. */
static void await(pid_t attacker)
{
	pid_t gone;

	do {
		gone = waitpid(-1, NULL, __WALL);
	} while (gone != attacker && (gone > 0 || errno == EINTR));
}

/* The first process of the PID namespace: its end kills all others in it. */
static void keep_attacking(uint64_t seed, uint64_t first, uint64_t end)
{
	uint64_t begun;

	setsid();
	arena_disown();
	if (!user_become() || !call_prepare())
		_exit(NOT_A_USER);
	if (!(first / BATCH_CALLS % UNSHARE_ONE_IN))
		user_unshare();
	while (first < end) {
		pid_t attacker;

		begun = journal_begun();
		attacker = fork();
		if (!attacker)
			attack(seed, first, end);
		if (attacker < 0)
			_exit(NO_FORK);
		await(attacker);
		if (journal_begun() == begun)
			_exit(NO_CALL);
		first = journal_last() + 1;
	}
	_exit(0);
}

static pid_t start(uint64_t seed, uint64_t first, uint64_t end, int *pidfd)
{
	pid_t keeper = syscall(SYS_clone, CLONE_NEWPID | CLONE_PIDFD | SIGCHLD,
			       NULL, pidfd, NULL, NULL);

	if (!keeper)
		keep_attacking(seed, first, end);
	return keeper;
}

/* True if no call has begun for as many polls as one may take. */
static bool is_stuck(uint64_t *begun, unsigned int *polls_left)
{
	uint64_t now = journal_begun();

	if (now != *begun) {
		*begun = now;
		*polls_left = STUCK_POLLS;
	}
	return !(*polls_left)--;
}

/* Watch the machine until the attacker has ended or is stuck. */
static const char *watch(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	unsigned int polls_left = BEGIN_POLLS;
	unsigned long looked = clock_ms();
	uint64_t begun = journal_begun();
	const char *wrong = NULL;

	while (!wrong && !poll(&end, 1, POLL_MS)) {
		if (is_stuck(&begun, &polls_left)) {
			kills++;
			break;
		}
		if (clock_ms() - looked < LOOK_MS)
			continue;
		looked = clock_ms();
		wrong = judge_now();
	}
	return wrong;
}

static const char *not_begun(int status)
{
	static const char * const why[] = {
		[NOT_A_USER] = "the attacker could not become a user",
		[NO_FORK] = "the attacker could not fork",
		[NO_CALL] = "the attacker ended ahead of its first call",
	};

	if (!WIFEXITED(status))
		return "the attacker was not ready in time";
	return why[WEXITSTATUS(status)] ?: "the attacker made no call";
}

/* Make calls from one PID namespace; @first becomes the next call. */
static const char *run_some(uint64_t seed, uint64_t *first, uint64_t end)
{
	uint64_t begun = journal_begun();
	const char *wrong;
	int pidfd, status;
	pid_t keeper = start(seed, *first, end, &pidfd);

	if (keeper < 0)
		return "no process to attack from";
	wrong = watch(pidfd) ?: judge_end(pidfd, keeper, &status);
	close(pidfd);
	if (wrong)
		return wrong;
	if (journal_begun() == begun)
		return not_begun(status);
	*first = journal_last() + 1;
	return NULL;
}

const char *batch_run(uint64_t seed, uint64_t first, uint64_t end)
{
	const char *wrong = NULL;

	if (!arena_prepare(first / BATCH_CALLS))
		return "no poison to attack with";
	while (first < end && !wrong)
		wrong = run_some(seed, &first, end);
	wrong = wrong ?: judge_poison() ?: judge_now() ?: judge_lab();
	if (!wrong)
		arena_settle();
	return wrong;
}
