// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "places.h"

#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "descriptors.h"
#include "hugepage.h"
#include "user.h"

#define HEALTHY_BYTES	(256 << 10)

static const struct lost *some_lost(struct rng *rng, bool new)
{
	const struct lost *lost;
	size_t n, known;

	lost = arena_lost(&n, &known);
	return &lost[rng_below(rng, new ? n : known)];
}

void *place_line(struct rng *rng, bool new)
{
	return some_lost(rng, new)->addr;
}

void *place_page(struct rng *rng, bool new)
{
	return (void *)((uintptr_t)place_line(rng, new) & -BASE_PAGE);
}

void *place_line_alone(struct rng *rng)
{
	const struct lost *lost;

	do {
		lost = some_lost(rng, true);
	} while (lost->bytes == BASE_PAGE);
	return lost->addr;
}

void *place_late_page(struct rng *rng)
{
	uintptr_t line;

	do {
		line = (uintptr_t)place_line(rng, true);
	} while (line % BASE_PAGE < 1024);
	return (void *)(line & -BASE_PAGE);
}

void *place_raw(struct rng *rng, size_t size, bool new)
{
	const struct lost *lost = some_lost(rng, new);
	size_t room = size < BASE_PAGE ? size : BASE_PAGE;

	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
		return lost->addr;
	case 2:
		return lost->addr + rng_below(rng, 64);
	case 3:
		return lost->addr + lost->bytes - 8;
	case 4:
		return lost->addr + lost->bytes - 1;
	case 5:
		return lost->addr - (room ? rng_below(rng, room) : 0);
	default:
		/* Fields are aligned: the lost line starts with one of them. */
		return lost->addr - (room / 8 ? 8 * rng_below(rng, room / 8) : 0);
	}
}

/* Not from the heap: what the kernel was given stays unchanged for a while. */
void *place_healthy(size_t size)
{
	static char healthy[HEALTHY_BYTES] __attribute__((aligned(4096)));
	static size_t used;
	char *at;

	size = (size + 63) & -64UL;
	if (used + size > HEALTHY_BYTES)
		used = 0;
	at = healthy + used;
	used += size;
	return at;
}

__attribute__((noinline))
static void store(volatile char *to, const char *from, size_t size)
{
	while (size--)
		*to++ = *from++;
}

/* If the policy has ended for the page, the page is gone. */
__attribute__((noinline))
static void try_store(void *to, const void *from, size_t size)
{
	user_try(store(to, from, size));
}

void *place_struct(struct rng *rng, const void *bytes, size_t size,
		   unsigned int of)
{
	void *at = rng_below(rng, of) ? place_raw(rng, size, true)
				      : place_healthy(size);

	try_store(at, bytes, size);
	return at;
}

static uint64_t some_word(struct rng *rng)
{
	switch (rng_below(rng, 8)) {
	case 0:
		return (uintptr_t)place_raw(rng, 64, true);
	case 1:
		return (uintptr_t)place_healthy(64);
	case 2:
		return 1UL << rng_below(rng, 64);
	case 3:
		return descriptors_any(rng);
	case 4:
		return rng_below(rng, 64) | rng_below(rng, 64) << 32;
	case 5:
		return rng_below(rng, 4096);
	default:
		return 0;
	}
}

void *place_words(struct rng *rng)
{
	uint64_t words[24];
	size_t i, n = rng_range(rng, 1, 24);

	for (i = 0; i < n; i++)
		words[i] = some_word(rng);
	return place_struct(rng, words, n * 8, 6);
}
