/* SPDX-License-Identifier: MIT */
/*
 * Loads that may meet poison.  Their instructions are in fixed address ranges:
 * the SIGBUS handler makes an interrupted load continue at the end of its
 * range, where the count register holds how much is left.
 */
#ifndef MFR_GUARD_H
#define MFR_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define MFR_GUARD_LINE_BYTES	64

/* Returns the number of bytes that poison left uncopied; 0 is success. */
size_t mfr_guard_copy(void *to, const void *from, size_t bytes);

/* Load every word of @lines cache lines at @from; returns the lines left. */
size_t mfr_guard_scan(const void *from, size_t lines);

/* End a guarded access; false if @ucontext is in none.  Async-signal-safe. */
bool mfr_guard_leave(void *ucontext);

#endif /* MFR_GUARD_H */
