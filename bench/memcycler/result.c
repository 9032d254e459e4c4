// SPDX-License-Identifier: GPL-2.0-only
#include "result.h"

#include <err.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct quartiles {
	double q1, median, q3;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Between two samples, where there is none. */
static double quantile(const double *sorted, size_t n, double q)
{
	double at = q * (n - 1);
	size_t i = at;

	return i + 1 < n ? sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]) :
			   sorted[i];
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
	free(sorted);
	return q;
}

/* Turn by turn: what the machine does to all turns alike cancels. */
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

struct result *result_create(const struct options *o)
{
	struct result *r = need(calloc(o->n_states, sizeof(*r)));
	unsigned int i;

	for (i = 0; i < o->n_states; i++) {
		r[i].rates = need(calloc(o->turns, sizeof(double)));
		r[i].cpu_shares = need(calloc(o->turns, sizeof(double)));
	}
	return r;
}

void result_print(const struct options *o, const struct result *r)
{
	struct quartiles q, ratio;
	unsigned int i;

	printf("%-12s %9s %9s %11s %8s %9s %8s\n", "hit", "mapped", "lost",
	       "words/us,", "spread", "to the", "spread");
	printf("%-12s %9s %9s %11s %8s %9s %8s\n", "", "huge, MiB", "KiB",
	       "median", "", "first", "");
	for (i = 0; i < o->n_states; i++) {
		q = quartiles(r[i].rates, o->turns);
		ratio = ratios(r[i].rates, r[0].rates, o->turns);
		printf("%-12s %9zu %9zu %11.2f %7.2f%% %+8.2f%% %7.2f%%\n",
		       o->state_names[i], r[i].mapped_huge_bytes >> 20,
		       r[i].lost_bytes >> 10, q.median,
		       50 * (q.q3 - q.q1) / q.median, 100 * (ratio.median - 1),
		       50 * (ratio.q3 - ratio.q1));
	}
}

static json_t *json_quartiles(struct quartiles q)
{
	return json_pack("{sf sf sf}", "q1", q.q1, "median", q.median,
			 "q3", q.q3);
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

	return json_pack("{ss sI sI sI so so sf so}",
		"hit", o->state_names[i],
		"hit_pages", (json_int_t)r->hit_pages,
		"mapped_huge_bytes", (json_int_t)r->mapped_huge_bytes,
		"lost_bytes", (json_int_t)r->lost_bytes,
		"words_per_us", json_quartiles(quartiles(r->rates, n)),
		"to_first", json_quartiles(ratios(r->rates, all->rates, n)),
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
