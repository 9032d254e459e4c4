// SPDX-License-Identifier: GPL-2.0-only
#include "cost.h"

#include <count.h>
#include <stdlib.h>
#include <time.h>

struct cost cost_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct cost){
		.insns = lab_count(),
		.ns = now.tv_sec * 1000000000L + now.tv_nsec,
	};
}

struct cost cost_between(struct cost start, struct cost end)
{
	return (struct cost){
		.insns = end.insns - start.insns,
		.ns = end.ns - start.ns,
	};
}

struct cost cost_since(struct cost start)
{
	long insns = lab_count();
	struct cost now = cost_now();

	now.insns = insns;
	return cost_between(start, now);
}

static int by_insns(const void *a, const void *b)
{
	const struct cost *x = a, *y = b;

	return (x->insns > y->insns) - (x->insns < y->insns);
}

static int by_ns(const void *a, const void *b)
{
	const struct cost *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

struct cost cost_quartile(struct cost *costs, size_t n, unsigned int quarter)
{
	size_t at = (n - 1) * quarter / 4;
	struct cost c;

	qsort(costs, n, sizeof(*costs), by_ns);
	c.ns = costs[at].ns;
	qsort(costs, n, sizeof(*costs), by_insns);
	c.insns = costs[at].insns;
	return c;
}
