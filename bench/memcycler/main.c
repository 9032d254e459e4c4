// SPDX-License-Identifier: GPL-2.0-only
/*
 * memcycler: how fast memory is after errors, if it stays mapped huge or not.
 *
 * All states (--hit) take turns on the same memory, so that they differ only in
 * how it is mapped, and other load on the machine affects all of them.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "result.h"

static void sleep_for(double seconds)
{
	struct timespec t = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (time_t)seconds) * 1e9,
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t))
		;
}

/* Fills @to after @seconds; unless @quiet, prints the rate of each second. */
static void run_for(double seconds, bool quiet, struct progress *to)
{
	static struct progress last;
	double left, part;

	cycle_progress(&last);
	for (left = seconds; left > 0; left -= part) {
		part = left < 1 ? left : 1;
		sleep_for(part);
		cycle_progress(to);
		if (!quiet)
			printf("# %6.0f s %12.2f words/us\n",
			       seconds - left + part, cycle_rate(&last, to));
		last = *to;
	}
}

static void measure(const struct options *o, struct result *r,
		    unsigned int turn)
{
	static struct progress from, to;

	cycle_start();
	sleep_for(o->warm_up_seconds);
	cycle_progress(&from);
	run_for(o->seconds, o->quiet, &to);
	while (!cycle_enough(&from))
		sleep_for(0.05);
	cycle_progress(&to);
	r->rates[turn] = cycle_rate(&from, &to);
	r->hit_speeds[turn] = cycle_hit_speed(&from, &to);
	r->cpu_shares[turn] = cycle_cpu_share(&from, &to);
	cycle_stop();
}

static void run_state(const struct options *o, struct area *a,
		      const struct damage *d, struct result *r,
		      unsigned int turn)
{
	area_heal(a);
	cycle_fill();
	area_need_huge(a);
	area_hit(a, d);
	if (!how_is_poison(d->how))
		area_need_huge(a);
	measure(o, r, turn);
	r->hit_pages = a->n_hits;
	r->lost_bytes = area_lost_bytes(a);
	r->mapped_huge_bytes = area_mapped_huge(a);
}

/* Forwards, then backwards, so that a steady drift cancels. */
static void run(const struct options *o, struct area *a, struct result *r)
{
	unsigned int turn, i;

	for (turn = 0; turn < o->turns; turn++) {
		area_heal(a);
		area_choose_hits(a, turn);
		for (i = 0; i < o->n_states; i++) {
			unsigned int at = turn % 2 ? o->n_states - 1 - i : i;

			printf("# turn %u, hit %s\n", turn + 1,
			       o->state_names[at]);
			run_state(o, a, &o->states[at], &r[at], turn);
		}
	}
}

int main(int argc, char **argv)
{
	static struct options o;
	struct result *r;
	struct area a;

	setlinebuf(stdout);
	options_parse(argc, argv, &o);
	r = result_create(&o);
	area_create(&a, o.backing, o.bytes, o.keep);
	cycle_create(&a, o.threads, o.order);
	printf("# %u threads, %zu MiB of %s at %p, %s\n", o.threads,
	       o.bytes >> 20, backing_names[o.backing], (void *)a.start,
	       order_names[o.order]);
	run(&o, &a, r);
	area_clear_poison();
	if (o.json)
		result_write(&o, r);
	if (!o.json || strcmp(o.json, "-"))
		result_print(&o, r);
	return 0;
}
