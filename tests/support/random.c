// SPDX-License-Identifier: GPL-2.0-only
#include "random.h"

/* SplitMix64: a Weyl sequence and two mixing steps. */
uint64_t rng_next(struct rng *rng)
{
	uint64_t x = rng->state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

unsigned long rng_below(struct rng *rng, unsigned long n)
{
	return rng_next(rng) % n;
}

unsigned long rng_range(struct rng *rng, unsigned long low,
			unsigned long high)
{
	return low + rng_below(rng, high - low + 1);
}

bool rng_percent(struct rng *rng, unsigned int percent)
{
	return rng_below(rng, 100) < percent;
}
