/* SPDX-License-Identifier: MIT */
/*
 * Accesses that may meet poison.  Their instructions are in fixed address ranges:
 * the SIGBUS handler makes an interrupted one continue at the end of its range,
 * where the registers hold how much is left, and why.
 */
#ifndef MFR_GUARD_H
#define MFR_GUARD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MFR_GUARD_LINE_BYTES	64

/* Why an access has ended: for which of its pages, and what was wrong. */
enum mfr_guard_end {
	MFR_GUARD_DONE,
	MFR_GUARD_SOURCE_LOST,
	MFR_GUARD_SOURCE_ABSENT,	/* there is no huge page for it */
	MFR_GUARD_TARGET_LOST,
	MFR_GUARD_TARGET_ABSENT,
};

/* @rest: bytes not copied, lines not read, or the value loaded. */
struct mfr_guarded {
	uint64_t rest;
	uint64_t end;			/* enum mfr_guard_end */
};

struct mfr_guarded mfr_guard_copy(void *to, const void *from, size_t bytes);

/* Load from each of @lines cache lines at @from. */
struct mfr_guarded mfr_guard_search(const void *from, size_t lines);

struct mfr_guarded mfr_guard_load(const void *from);

/*
 * End the guarded access that @ucontext is in; false if it is in none.  Which
 * page it was is known from the registers, as @info may name another mapping of
 * it; but an error of a store has the address of the store.  Async-signal-safe.
 */
bool mfr_guard_leave(const siginfo_t *info, void *ucontext);

#endif /* MFR_GUARD_H */
