/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers as the kernel and people write them: decimal, hexadecimal with 0x,
 * octal with 0.
 */
#ifndef MFR_NUMBER_H
#define MFR_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* False unless @text is exactly one such number, without a sign. */
bool number_parse(const char *text, uint64_t *value);

/* The same, but text may follow the number, from @end on. */
bool number_begins(const char *text, uint64_t *value, const char **end);

#endif /* MFR_NUMBER_H */
