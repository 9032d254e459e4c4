/* SPDX-License-Identifier: GPL-2.0-only */
/* What a piece of work takes, in instructions of the whole guest and in time. */
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
 * Each figure's @quarter-th quartile of @n > 0 measurements (2: the median),
 * which is one of them.  Sorts them.
 */
struct cost cost_quartile(struct cost *costs, size_t n, unsigned int quarter);

#endif /* COST_H */
