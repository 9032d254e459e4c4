// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "duel.h"

#include <errno.h>
#include <sched.h>
#include <x86intrin.h>

/*
 * Weight of the last round in the mean.  A round may take longer for reasons
 * other than the action, from a cold start to a preempted CPU.
 */
#define WEIGHT_SHORTER	0.5
#define WEIGHT_LONGER	0.05
#define OUTLIER		3

static int bind_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* The other CPU may be late: start the delay once both are ready. */
static void wait_turn(struct duel_side *me, struct duel_side *other)
{
	uint64_t start;

	__atomic_store_n(&me->ready, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&other->ready, __ATOMIC_SEQ_CST))
		;
	start = __rdtsc();
	while (__rdtsc() - start < me->delay)
		;
	me->begin = __rdtsc();
}

static void act(struct duel *d, int side)
{
	struct duel_side *me = &d->side[side];

	wait_turn(me, &d->side[!side]);
	me->act(d->arg);
	me->end = __rdtsc();
}

static void *second(void *arg)
{
	struct duel *d = arg;

	bind_to(1);
	for (;;) {
		pthread_barrier_wait(&d->start);
		if (d->over)
			return NULL;
		act(d, 1);
		pthread_barrier_wait(&d->end);
	}
}

int duel_open(struct duel *d)
{
	int err;

	*d = (struct duel){ 0 };
	err = bind_to(0);
	if (err)
		return err;
	pthread_barrier_init(&d->start, NULL, 2);
	pthread_barrier_init(&d->end, NULL, 2);
	return -pthread_create(&d->thread, NULL, second, d);
}

void duel_close(struct duel *d)
{
	d->over = true;
	pthread_barrier_wait(&d->start);
	pthread_join(d->thread, NULL);
}

/* From "ours starts as theirs ends" (negative) to the reverse. */
static double lead_of(const struct duel *d, uint32_t phase)
{
	double span = d->side[0].mean + d->side[1].mean;

	return phase / (double)UINT32_MAX * span - d->side[1].mean;
}

static void learn(struct duel_side *s)
{
	double took = s->end - s->begin;

	if (!s->mean)
		s->mean = took;
	if (took > OUTLIER * s->mean)
		took = OUTLIER * s->mean;
	s->mean += (took - s->mean) *
		   (took < s->mean ? WEIGHT_SHORTER : WEIGHT_LONGER);
}

void duel_fight_at(struct duel *d, duel_action ours, duel_action theirs,
		   void *arg, double lead)
{
	struct duel_side *a = &d->side[0], *b = &d->side[1];

	a->delay = lead < 0 ? -lead : 0;
	b->delay = lead > 0 ? lead : 0;
	d->arg = arg;
	a->act = ours;
	b->act = theirs;
	a->ready = 0;
	b->ready = 0;
	pthread_barrier_wait(&d->start);
	act(d, 0);
	pthread_barrier_wait(&d->end);
	learn(a);
	learn(b);
	d->rounds++;
	d->met += a->begin < b->end && b->begin < a->end;
}

void duel_fight(struct duel *d, duel_action ours, duel_action theirs,
		void *arg, uint32_t phase)
{
	duel_fight_at(d, ours, theirs, arg, lead_of(d, phase));
}
