/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes as people read them.
 */
#ifndef MFR_SIZE_H
#define MFR_SIZE_H

#include <stdbool.h>
#include <stdint.h>

struct size_text {
	char text[32];
};

/* "12 KiB": in the largest unit that needs no fraction. */
struct size_text size_text(uint64_t size_bytes);

/* "12", or "?" for COUNT_UNKNOWN. */
struct size_text count_text(uint64_t count);

/* "12.7 MB/s" */
struct size_text rate_text(uint64_t bytes_per_second);

/* A number (number.h) of bytes, or with suffix K, M, G or T of KiB to TiB. */
bool size_parse(const char *text, uint64_t *size_bytes);

#endif /* MFR_SIZE_H */
