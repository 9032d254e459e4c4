/* SPDX-License-Identifier: GPL-2.0-only */
/* The cost of some work: instructions of the whole guest, and time. */
#ifndef COST_H
#define COST_H

#include <stddef.h>

/* Call lab_count_start() first. */
struct cost {
	long insns;	/* all CPUs, user and kernel: count.h */
	long ns;
};

struct cost cost_now(void);
struct cost cost_since(struct cost start);
struct cost cost_between(struct cost start, struct cost end);

/*
 * For each figure, the @quarter-th quartile (2: the median) of the @n > 0
 * measurements; always a measured value.  Sorts @costs.
 */
struct cost cost_quartile(struct cost *costs, size_t n, unsigned int quarter);

#endif /* COST_H */
