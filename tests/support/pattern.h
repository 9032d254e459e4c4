/* SPDX-License-Identifier: GPL-2.0-only */
/* Contents that know their own offset, so that no mix-up goes unseen. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>

/* Fill @len bytes at @map, which are file offset @offset (both of words). */
void pattern_fill(char *map, size_t offset, size_t len);

/* Offset of the first word that is wrong, -1 if none is. */
long pattern_check(const char *data, size_t offset, size_t len);

/* The same from 0 on, without the @n base pages whose offsets @raw lists. */
long pattern_check_healthy(const char *map, size_t size, const size_t *raw,
			   size_t n);

/* One word of each base page only: what a fault shows, at little cost. */
long pattern_sample_healthy(const char *map, size_t size, const size_t *raw,
			    size_t n);

#endif /* PATTERN_H */
