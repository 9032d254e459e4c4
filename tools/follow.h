/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wait until passes of the scanner end.
 */
#ifndef MFR_FOLLOW_H
#define MFR_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "progress.h"
#include "scanner.h"

struct followed {
	const struct scan *before;	/* as it was when its pass began */
	struct progress progress;
	bool ended;			/* completed or stopped */
	bool completed;			/* the pass is complete */
	uint64_t hits;			/* since the start of the pass */
};

/*
 * Wait until all have ended or a signal interrupts; print progress if @shown.
 * Returns an exit status: PROBLEM if poison was found; else UNKNOWN if some pass
 * is not complete, after saying so.
 */
int follow(struct followed *followed, size_t n, bool shown);

#endif /* MFR_FOLLOW_H */
