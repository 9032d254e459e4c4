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
	const struct scan *before;	/* its state before follow() */
	struct progress progress;
	bool ended;			/* completed or stopped */
	bool completed;			/* the pass is complete */
	uint64_t hits;			/* since @before was read */
};

/*
 * Wait until all scans have ended or a signal arrives; print progress if
 * @shown.  Returns an exit status: PROBLEM if poison was found; else UNKNOWN
 * if a pass is not complete, after a warning.
 */
int follow(struct followed *followed, size_t n, bool shown);

#endif /* MFR_FOLLOW_H */
