/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that the attacker passes to the kernel, and what is there. */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "random.h"

/*
 * An address where @size bytes touch a lost line: they begin in it, end in it,
 * or begin in the healthy memory before it.  @new: it may be new poison.
 */
void *place_raw(struct rng *rng, size_t size, bool new);

/* The start of a base page with lost lines, and of a lost line. */
void *place_page(struct rng *rng, bool new);
void *place_line(struct rng *rng, bool new);

/* A lost line, known or new, of a base page whose other half is healthy. */
void *place_line_alone(struct rng *rng);

/* The start of a base page of which the first 1,024 bytes are healthy. */
void *place_late_page(struct rng *rng);

/*
 * Put @size bytes at a place that touches a lost line, or, one time in @of, in
 * healthy memory.  Lost lines are stored to, but the data is lost.
 */
void *place_struct(struct rng *rng, const void *bytes, size_t size,
		   unsigned int of);

/* The same for a structure of random words. */
void *place_words(struct rng *rng);

/* Healthy memory of this process; it is reused after a while. */
void *place_healthy(size_t size);

#endif /* PLACES_H */
