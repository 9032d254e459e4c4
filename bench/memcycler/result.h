/* SPDX-License-Identifier: GPL-2.0-only */
/* What was measured: medians, spread, and each state's ratio to the first. */
#ifndef RESULT_H
#define RESULT_H

#include "options.h"

/* Of one state; arrays have an element a turn. */
struct result {
	double *rates;		/* words per microsecond with a CPU */
	double *hit_speeds;	/* of hit huge pages, the others' is 1; or NAN */
	double *cpu_shares;	/* of the time, 1 if nobody else ran */
	size_t mapped_huge_bytes, lost_bytes, hit_pages;
};

/* Results of all states of @o; ends the program without memory for it. */
struct result *result_create(const struct options *o);

void result_print(const struct options *o, const struct result *r);

/* To the file of @o; ends the program if it cannot be written. */
void result_write(const struct options *o, const struct result *r);

#endif /* RESULT_H */
