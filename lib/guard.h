/* SPDX-License-Identifier: MIT */
/*
 * Loads that may meet poison.  The code is in ranges that a SIGBUS handler
 * knows: it sends an interrupted one to its end, where the register that
 * counts down says how much is left.
 */
#ifndef MFR_GUARD_H
#define MFR_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define MFR_GUARD_LINE_BYTES	64

/* Returns the bytes that are left when poison came; 0 is success. */
size_t mfr_guard_copy(void *to, const void *from, size_t bytes);

/* Load all words of @lines lines at @from; returns the lines left. */
size_t mfr_guard_scan(const void *from, size_t lines);

/* If @ucontext is of a guarded access, let it end.  Async-signal-safe. */
bool mfr_guard_leave(void *ucontext);

#endif /* MFR_GUARD_H */
