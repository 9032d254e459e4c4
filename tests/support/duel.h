/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two actions at once, on two CPUs, at a phase that a random number chooses.
 *
 * The phase is a place in the overlap of both, by what they took on average up
 * to now: so all of it is visited alike, however fast the machine is.
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

/* Start the second side's thread and bind both to CPUs; 0 or -errno. */
int duel_open(struct duel *d);
void duel_close(struct duel *d);

/*
 * Let @ours and, in the other thread, @theirs act on @arg, and wait for both.
 * @phase is the random number.
 */
void duel_fight(struct duel *d, duel_action ours, duel_action theirs,
		void *arg, uint32_t phase);

/* The same with the second side @lead cycles later than ours. */
void duel_fight_at(struct duel *d, duel_action ours, duel_action theirs,
		   void *arg, double lead);

#endif /* DUEL_H */
