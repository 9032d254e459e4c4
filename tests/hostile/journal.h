/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notes on what the attacker is about to do, readable after the attacker or the
 * machine is gone: in memory that the guest shares with the host (QEMU's
 * ivshmem-plain), else only with the observer.
 */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

/* Map it before any fork; false if there is no memory. */
bool journal_open(void);

/* By the attacker, before a call.  @index counts from the seed's first. */
void journal_call(uint64_t index, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* By the observer: a note for the host only. */
void journal_note(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* The number of calls and notes since journal_open(). */
uint64_t journal_begun(void);

/* The index of the last call. */
uint64_t journal_last(void);

/* Print the last entries. */
void journal_print(void);

#endif /* JOURNAL_H */
