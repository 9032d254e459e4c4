// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "patience.h"

#define PATIENCE_NS	1000000000L
#define HALVINGS_MAX	3		/* 125 ms, when that many hang */
#define STACK_BYTES	(256 << 10)

struct asked {
	const struct question *question;
	void *about;
	pid_t pid;
	int answer;
	bool answered;
	bool hangs;
	struct asked *next;	/* of those that hang */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answer_came = PTHREAD_COND_INITIALIZER;
static struct asked *hanging;

static void forget(struct asked *asked)
{
	struct asked **at = &hanging;

	while (*at != asked)
		at = &(*at)->next;
	*at = asked->next;
	asked->question->drop(asked->about);
	free(asked);
}

static void *ask(void *arg)
{
	struct asked *asked = arg;
	int answer = asked->question->ask(asked->about);

	pthread_mutex_lock(&lock);
	asked->answer = answer;
	asked->answered = true;
	if (asked->hangs)
		forget(asked);
	pthread_cond_broadcast(&answer_came);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* Signals are for the threads that were there before. */
static int start_thread(struct asked *asked)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, &attr, ask, asked);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return err ? -ENOMEM : 0;
}

static struct timespec deadline(void)
{
	const struct asked *a;
	struct timespec t;
	int halvings = 0;

	for (a = hanging; a && halvings < HALVINGS_MAX; a = a->next)
		halvings++;
	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += PATIENCE_NS >> halvings;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static int wait_for(struct asked *asked)
{
	struct timespec until = deadline();
	int err = 0, answer;

	while (!asked->answered && !err)
		err = pthread_cond_clockwait(&answer_came, &lock,
					     CLOCK_MONOTONIC, &until);
	if (!asked->answered) {
		asked->hangs = true;
		asked->next = hanging;
		hanging = asked;
		return -ETIMEDOUT;
	}
	answer = asked->answer;
	free(asked);
	return answer;
}

static bool does_hang(pid_t pid)
{
	const struct asked *a;

	for (a = hanging; a && a->pid != pid; a = a->next)
		;
	return a;
}

static int ask_locked(const struct question *question, pid_t pid, void *about)
{
	struct asked *asked;
	int err;

	if (does_hang(pid)) {
		question->drop(about);
		return -ETIMEDOUT;
	}
	asked = calloc(1, sizeof(*asked));
	if (!asked)
		return -ENOMEM;
	*asked = (struct asked){
		.question = question,
		.about = about,
		.pid = pid,
	};
	err = start_thread(asked);
	if (!err)
		return wait_for(asked);
	free(asked);
	return err;
}

int ask_patiently(const struct question *question, pid_t pid, void *about)
{
	int answer;

	pthread_mutex_lock(&lock);
	answer = ask_locked(question, pid, about);
	pthread_mutex_unlock(&lock);
	return answer;
}
