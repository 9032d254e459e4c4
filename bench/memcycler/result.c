// SPDX-License-Identifier: GPL-2.0-only
#include "result.h"

#include <err.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* @low to @high is a 95 % confidence interval of the median. */
struct quartiles {
	double q1, median, q3;
	double low, high;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Interpolates between two samples. */
static double quantile(const double *sorted, size_t n, double q)
{
	double at = q * (n - 1);
	size_t i = at;

	return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) :
			   sorted[i];
}

/*
 * The number of samples at either end outside of a 95 % confidence interval of
 * the median: the number of samples below it is binomial, nearly normal.
 */
static size_t doubtful(size_t n)
{
	double below = (n - 1.96 * sqrt(n)) / 2;

	return below > 1 ? below - 1 : 0;
}

static void *need(void *p)
{
	if (!p)
		errx(STATUS_REFUSED, "too little memory for the results");
	return p;
}

static struct quartiles quartiles(const double *samples, size_t n)
{
	double *sorted = need(malloc(n * sizeof(*sorted)));
	struct quartiles q;

	memcpy(sorted, samples, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	q.q1 = quantile(sorted, n, 0.25);
	q.median = quantile(sorted, n, 0.5);
	q.q3 = quantile(sorted, n, 0.75);
	q.low = sorted[doubtful(n)];
	q.high = sorted[n - 1 - doubtful(n)];
	free(sorted);
	return q;
}

/* The ratio in each turn: what affects both rates of a turn cancels. */
static struct quartiles ratios(const double *rates, const double *to, size_t n)
{
	double *r = need(malloc(n * sizeof(*r)));
	struct quartiles q;
	size_t i;

	for (i = 0; i < n; i++)
		r[i] = rates[i] / to[i];
	q = quartiles(r, n);
	free(r);
	return q;
}

/*
 * The rate relative to all healthy, computed from the speed of hit pages
 * relative to the others.  Less noisy than ratios(), as both are from the same
 * passes.  Leaves out how hit pages affect the others.
 */
static struct quartiles by_pages(const struct options *o,
				 const struct result *r)
{
	double share = (double)r->hit_pages * backing_bytes(o->backing) /
		       o->bytes;
	double *all = need(malloc(o->turns * sizeof(*all)));
	struct quartiles q;
	unsigned int i;

	for (i = 0; i < o->turns; i++)
		all[i] = 1 / (1 - share + share / r->hit_speeds[i]);
	q = quartiles(all, o->turns);
	free(all);
	return q;
}

static bool knows_pages(const struct options *o, const struct result *r)
{
	unsigned int i;

	for (i = 0; i < o->turns; i++)
		if (isnan(r->hit_speeds[i]))
			return false;
	return true;
}

struct result *result_create(const struct options *o)
{
	struct result *r = need(calloc(o->n_states, sizeof(*r)));
	unsigned int i;

	for (i = 0; i < o->n_states; i++) {
		r[i].rates = need(calloc(o->turns, sizeof(double)));
		r[i].hit_speeds = need(calloc(o->turns, sizeof(double)));
		r[i].cpu_shares = need(calloc(o->turns, sizeof(double)));
	}
	return r;
}

void result_print(const struct options *o, const struct result *r)
{
	struct quartiles q, ratio, pages;
	unsigned int i;

	printf("%-12s %9s %9s %11s %8s %9s %17s %9s %17s\n", "hit", "mapped",
	       "lost", "words/us,", "spread", "to the", "which is within",
	       "by hit", "which is within");
	printf("%-12s %9s %9s %11s %8s %9s %17s %9s %17s\n", "", "huge, MiB",
	       "KiB", "median", "", "first", "(95 %)", "pages", "(95 %)");
	for (i = 0; i < o->n_states; i++) {
		q = quartiles(r[i].rates, o->turns);
		ratio = ratios(r[i].rates, r[0].rates, o->turns);
		printf("%-12s %9zu %9zu %11.2f %7.2f%% %+8.2f%% %+7.2f%% %+7.2f%%",
		       o->state_names[i], r[i].mapped_huge_bytes >> 20,
		       r[i].lost_bytes >> 10, q.median,
		       50 * (q.q3 - q.q1) / q.median, 100 * (ratio.median - 1),
		       100 * (ratio.low - 1), 100 * (ratio.high - 1));
		if (knows_pages(o, &r[i])) {
			pages = by_pages(o, &r[i]);
			printf(" %+8.3f%% %+7.3f%% %+7.3f%%",
			       100 * (pages.median - 1), 100 * (pages.low - 1),
			       100 * (pages.high - 1));
		}
		putchar('\n');
	}
}

static json_t *json_quartiles(struct quartiles q)
{
	return json_pack("{sf sf sf sf sf}", "q1", q.q1, "median", q.median,
			 "q3", q.q3, "low", q.low, "high", q.high);
}

static json_t *json_samples(const double *samples, size_t n)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(array, json_real(samples[i]));
	return array;
}

static json_t *json_state(const struct options *o, unsigned int i,
			  const struct result *all)
{
	const struct result *r = &all[i];
	size_t n = o->turns;

	return json_pack("{ss sI sI sI so so so sf so}",
		"hit", o->state_names[i],
		"hit_pages", (json_int_t)r->hit_pages,
		"mapped_huge_bytes", (json_int_t)r->mapped_huge_bytes,
		"lost_bytes", (json_int_t)r->lost_bytes,
		"words_per_us", json_quartiles(quartiles(r->rates, n)),
		"to_first", json_quartiles(ratios(r->rates, all->rates, n)),
		"by_hit_pages", knows_pages(o, r) ?
			json_quartiles(by_pages(o, r)) : json_null(),
		"cpu_share", quartiles(r->cpu_shares, n).median,
		"samples", json_samples(r->rates, n));
}

void result_write(const struct options *o, const struct result *r)
{
	json_t *states = json_array(), *all;
	unsigned int i;
	FILE *out;

	for (i = 0; i < o->n_states; i++)
		json_array_append_new(states, json_state(o, i, r));
	all = json_pack("{ss si sI ss ss sb sf sf si sI so}",
			"benchmark", "memcycler",
			"threads", o->threads,
			"bytes", (json_int_t)o->bytes,
			"backing", backing_names[o->backing],
			"order", order_names[o->order],
			"keep", o->keep,
			"seconds", o->seconds,
			"warm_up_seconds", o->warm_up_seconds,
			"turns", o->turns,
			"sigbus", (json_int_t)cycle_sigbus(),
			"states", states);
	need(all);
	out = strcmp(o->json, "-") ? fopen(o->json, "w") : stdout;
	if (!out || json_dumpf(all, out, JSON_INDENT(1) |
			       JSON_REAL_PRECISION(7)) ||
	    putc('\n', out) == EOF || fflush(out))
		err(STATUS_REFUSED, "cannot write %s", o->json);
	json_decref(all);
}
