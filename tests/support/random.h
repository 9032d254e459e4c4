/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that follow from a seed, so that a campaign can be repeated. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

uint64_t rng_next(struct rng *rng);

/* A number from 0 to @n - 1. */
unsigned long rng_below(struct rng *rng, unsigned long n);

/* A number from @low to @high, both included. */
unsigned long rng_range(struct rng *rng, unsigned long low,
			unsigned long high);

/* True in @percent of all cases. */
bool rng_percent(struct rng *rng, unsigned int percent);

#endif /* RANDOM_H */
