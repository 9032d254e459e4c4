/* SPDX-License-Identifier: GPL-2.0-only */
/* What was measured: medians, spread, and each state's ratio to the first. */
#ifndef RESULT_H
#define RESULT_H

#include "options.h"

/* For one state; arrays have one element per turn. */
struct result {
	double *rates;		/* words per microsecond with a CPU */
	double *hit_speeds;	/* hit huge pages relative to others, or NAN */
	double *cpu_shares;	/* of the time; 1 if nothing else ran */
	size_t mapped_huge_bytes, lost_bytes, hit_pages;
};

/* The results of all states of @o; ends the program if out of memory. */
struct result *result_create(const struct options *o);

void result_print(const struct options *o, const struct result *r);

/* Write the file of @o; ends the program if that fails. */
void result_write(const struct options *o, const struct result *r);

#endif /* RESULT_H */
