/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The threads that cycle through an area, each through its own part.
 * A pass reads every 64-bit word that is not lost, checks it, and writes the
 * next value.
 */
#ifndef CYCLE_H
#define CYCLE_H

#include "area.h"

#define THREADS_MAX	1024

enum order {
	ORDER_SEQUENTIAL,
	ORDER_PAGE,		/* random base pages, each sequentially */
	ORDER_LINE,		/* random lines of 64 bytes */
};

/* What a thread has done in huge pages of one kind. */
struct part {
	uint64_t words, cpu_ns;
};

/* What all threads have done so far. */
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
 * A wrong value ends the program, which prints its address, the value and the
 * expected value.  So does a SIGBUS for more than a base page.
 */
void cycle_start(void);
void cycle_stop(void);

void cycle_progress(struct progress *now);

/*
 * True if each thread has made progress since @from, and each word that is not
 * lost has been read since cycle_fill().
 */
bool cycle_enough(const struct progress *from);

/*
 * Words per microsecond between two moments, the sum of all threads.  Only CPU
 * time of the threads counts: other programs affect the rate only through
 * caches and memory bandwidth.
 */
double cycle_rate(const struct progress *from, const struct progress *to);

/*
 * The rate in huge pages that are hit, relative to the others, in the same
 * passes: other load affects both.  NAN if no huge page is hit, or all are, or
 * the order is random.
 */
double cycle_hit_speed(const struct progress *from, const struct progress *to);

/* The share of time that threads had a CPU: 1 on an otherwise idle machine. */
double cycle_cpu_share(const struct progress *from, const struct progress *to);

/* The number of consumed errors that the program survived. */
unsigned long cycle_sigbus(void);

#endif /* CYCLE_H */
