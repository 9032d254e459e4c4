/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two actions at once, on two CPUs, at a phase that a random number chooses.
 *
 * The phase is the lead of one side over the other.  Its range follows from the
 * average durations so far, so every overlap is tried, at any machine speed.
 */
#ifndef DUEL_H
#define DUEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef void (*duel_action)(void *arg);

struct duel {
	pthread_t thread;
	pthread_barrier_t start, end;
	bool over;
	void *arg;
	struct duel_side {
		duel_action act;
		volatile int ready;
		uint64_t delay, begin, end;	/* cycles */
		double mean;
	} side[2];
	unsigned long rounds, met;	/* met: both ran at the same time */
};

/* Start the second side's thread and bind each side to a CPU; 0 or -errno. */
int duel_open(struct duel *d);
void duel_close(struct duel *d);

/*
 * Run @ours here and @theirs in the other thread, both on @arg, and wait for
 * both.  @phase is the random number.
 */
void duel_fight(struct duel *d, duel_action ours, duel_action theirs,
		void *arg, uint32_t phase);

/* The same, with the second side starting @lead cycles after ours. */
void duel_fight_at(struct duel *d, duel_action ours, duel_action theirs,
		   void *arg, double lead);

#endif /* DUEL_H */
