// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "storm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "heartbeat.h"
#include "log.h"
#include "poison.h"
#include "procfile.h"
#include "user.h"

#define STORM_MS	5000
#define CALM_MS		1000	/* at its end */
/*
 * The loads allowed before the policy ends, and a few that are under way then.
 * A worker counts the kernel's own loads later, so more of these can pass.
 */
#define BOUND		(100 + 20)
#define LINES_BOUND	(BOUND * 10)

static void consume(const char *addr, bool by_call)
{
	unsigned long end = clock_ms() + STORM_MS;
	int pipes[2];

	if (!user_become() || pipe2(pipes, O_NONBLOCK))
		_exit(1);
	user_signals();
	while (clock_ms() < end) {
		if (by_call)
			(void)!write(pipes[1], addr, 64);
		else
			user_try((void)*(volatile const char *)addr);
	}
	_exit(0);
}

/* Load poison in the program, or in the kernel by a system call. */
static bool storm(bool by_call, unsigned int place)
{
	int64_t hits = lab_poison_hits(), late;
	const struct lost *lost;
	size_t n, known, lines;
	pid_t child;

	lost = arena_lost(&n, &known);
	log_drain();
	lines = log_lines();
	child = fork();
	if (!child)
		consume(lost[place].addr, by_call);
	usleep((STORM_MS - CALM_MS) * 1000);
	late = lab_poison_hits();
	waitpid(child, NULL, 0);
	log_drain();
	late = lab_poison_hits() - late;
	hits = lab_poison_hits() - hits;
	lines = log_lines() - lines;
	printf("# storm by %s: %ld machine checks, %ld of them at the end, %zu log lines in %d ms\n",
	       by_call ? "write(2)" : "loads", (long)hits, (long)late, lines,
	       STORM_MS);
	return (by_call || hits <= BOUND) && !late && lines <= LINES_BOUND;
}

const char *storm_run(void)
{
	bool calm;

	if (!arena_prepare(0))
		return "no poison";
	calm = storm(false, 0);
	arena_settle();
	if (!arena_prepare(0))
		return "no poison";
	calm &= storm(true, 1);
	arena_settle();
	return calm ? NULL : "more machine checks or log lines than may be";
}
