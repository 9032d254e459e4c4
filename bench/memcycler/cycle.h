/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The threads that cycle through an area, each through its own part of it.
 * A pass reads every 64-bit word that is not lost, checks it, and writes the
 * next value.
 */
#ifndef CYCLE_H
#define CYCLE_H

#include "area.h"

#define THREADS_MAX	1024

enum order {
	ORDER_SEQUENTIAL,
	ORDER_PAGE,		/* base pages at random, each sequentially */
	ORDER_LINE,		/* lines of 64 bytes at random */
};

/* What a thread has done in huge pages of one kind. */
struct part {
	uint64_t words, cpu_ns;
};

/* What all threads have done up to a moment. */
struct progress {
	uint64_t wall_ns;
	struct {
		uint64_t words, cpu_ns;
		struct part hit, healthy;	/* in sequential order */
	} thread[THREADS_MAX];
};

/* Also catches SIGBUS from here on. */
void cycle_create(struct area *a, unsigned int threads, enum order order);

/* Touch all of the area and give each word its first value. */
void cycle_fill(void);

/*
 * A wrong value ends the program, with its address, itself and what was to be
 * there; as does a SIGBUS for more than a base page.
 */
void cycle_start(void);
void cycle_stop(void);

void cycle_progress(struct progress *now);

/*
 * Each thread has gone on since then, and each word that is not lost has been
 * read once since cycle_fill().
 */
bool cycle_enough(const struct progress *from);

/*
 * Words per microsecond between two moments, the sum of all threads.  A thread
 * counts the time that it had a CPU: who else runs here does not matter but for
 * what he takes of caches and of memory's bandwidth.
 */
double cycle_rate(const struct progress *from, const struct progress *to);

/*
 * The rate in huge pages that are hit, of that in the others, within the same
 * passes: what the machine does meanwhile comes to both.  NAN if there are none,
 * or the order is at random.
 */
double cycle_hit_speed(const struct progress *from, const struct progress *to);

/* What share of the time that was: 1 on a machine that does nothing else. */
double cycle_cpu_share(const struct progress *from, const struct progress *to);

/* Machine checks that were survived. */
unsigned long cycle_sigbus(void);

#endif /* CYCLE_H */
