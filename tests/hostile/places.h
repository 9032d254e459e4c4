/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses that the attacker hands over, and what he puts there. */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "random.h"

/*
 * Where @size bytes touch a lost line: they begin in it, or end in it, or
 * begin in what is healthy before it.  @new says whether it may be poison that
 * the kernel has not met.
 */
void *place_raw(struct rng *rng, size_t size, bool new);

/* The start of a base page with lost lines, of a lost line. */
void *place_page(struct rng *rng, bool new);
void *place_line(struct rng *rng, bool new);

/* A lost line, met or not, of a base page whose other half is healthy. */
void *place_line_alone(struct rng *rng);

/* The start of one whose first 1,024 bytes are healthy. */
void *place_late_page(struct rng *rng);

/*
 * Put @size bytes at a place that touches a lost line, or, one time in @of,
 * in healthy memory; stores into lost lines are made and are lost.
 */
void *place_struct(struct rng *rng, const void *bytes, size_t size,
		   unsigned int of);

/* The same for a structure that is made up of words that might be anything. */
void *place_words(struct rng *rng);

/* Healthy memory of this process, for a while. */
void *place_healthy(size_t size);

#endif /* PLACES_H */
