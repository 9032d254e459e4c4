/* SPDX-License-Identifier: MIT */
#ifndef MFR_SECTION_H
#define MFR_SECTION_H

#include <stdbool.h>

#include <mfr.h>

/*
 * End the section that the thread is in, and make @ucontext continue behind its
 * setjmp(); false if it is in none.  Async-signal-safe.
 */
bool mfr_section_leave(struct mfr_region *region, struct mfr_range range,
		       void *ucontext);

#endif /* MFR_SECTION_H */
