/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Points and spans of time as people read them.
 */
#ifndef MFR_MOMENT_H
#define MFR_MOMENT_H

#include <stdint.h>

struct moment_text {
	char text[32];
};

/* @seconds since the epoch as "2026-11-25 13:00" local time; 0 is "never". */
struct moment_text moment_text(uint64_t seconds);

/* "16 h 31 min", "4 s" */
struct moment_text span_text(uint64_t seconds);

#endif /* MFR_MOMENT_H */
