/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the attacker is about to do, where others can read it after he, or the
 * machine, is gone: in memory that the guest shares with the host (QEMU's
 * ivshmem-plain), else with the observer only.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

/* Map it, before others are forked; false if there is no memory. */
bool journal_open(void);

/* The attacker: this call comes next.  @index counts from the seed's first. */
void journal_call(uint64_t index, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The observer: something for the host alone. */
void journal_note(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Calls that were begun since the start, of whichever index. */
uint64_t journal_begun(void);

/* The index of the last one. */
uint64_t journal_last(void);

/* Print the last calls. */
void journal_print(void);

#endif /* JOURNAL_H */
