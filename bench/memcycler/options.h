/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of the command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "cycle.h"

#define STATES_MAX	8

struct options {
	unsigned int threads;
	size_t bytes;
	double seconds, warm_up_seconds;
	unsigned int turns;
	enum backing backing;
	enum order order;
	bool keep, quiet;
	struct damage states[STATES_MAX];
	const char *state_names[STATES_MAX];	/* as given */
	unsigned int n_states;
	const char *json;		/* file, - or NULL */
};

extern const char *const backing_names[];
extern const char *const order_names[];

/* Ends the program with one line if the options make no sense. */
void options_parse(int argc, char **argv, struct options *o);

#endif /* OPTIONS_H */
