/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest writes into its memory: each word says where it is, so that the
 * host can check a page without being told which one it is.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES	4096
#define PAGE_WORDS	(PAGE_BYTES / sizeof(uint64_t))
#define LINE_WORDS	(64 / sizeof(uint64_t))

static inline uint64_t pattern_word(uint64_t page, uint64_t word)
{
	return 0x6d66ULL << 48 | page << 16 | word;
}

/* True if @first can be the first word of such a page. */
static inline bool pattern_starts(uint64_t first)
{
	return first >> 48 == 0x6d66 && !(first & 0xffff);
}

/* True if @page is whole; its first word says which one it is. */
static inline bool pattern_is_whole(const volatile uint64_t *page)
{
	uint64_t i, first = page[0];

	for (i = 1; i < PAGE_WORDS; i++)
		if (page[i] != first + i)
			return false;
	return pattern_starts(first);
}

#endif /* PATTERN_H */
