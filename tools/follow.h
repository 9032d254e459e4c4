/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wait until passes of the scanner have come to their end.
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
	bool ended;			/* nothing more will come */
	bool completed;			/* the pass got to its end */
	uint64_t hits;			/* since then */
};

/*
 * Until all have ended, or until interrupted; shows progress if @shown.
 * Returns an exit status: PROBLEM if poison was found; else UNKNOWN if not all
 * have completed, after saying so.
 */
int follow(struct followed *followed, size_t n, bool shown);

#endif /* MFR_FOLLOW_H */
