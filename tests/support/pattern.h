/* SPDX-License-Identifier: GPL-2.0-only */
/* Contents that depend on the file offset, so that misplaced data is found. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stddef.h>

/* Fill @len bytes at @map, the data at @offset (both whole 64-bit words). */
void pattern_fill(char *map, size_t offset, size_t len);

/* Offset of the first wrong word, or -1 if all are right. */
long pattern_check(const char *data, size_t offset, size_t len);

/* The same from offset 0, skipping the @n base pages at the offsets in @raw. */
long pattern_check_healthy(const char *map, size_t size, const size_t *raw,
			   size_t n);

/* The same for one word per base page: cheap, and shows what is mapped. */
long pattern_sample_healthy(const char *map, size_t size, const size_t *raw,
			    size_t n);

#endif /* PATTERN_H */
