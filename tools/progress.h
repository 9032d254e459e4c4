/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far scans are: bars with the time that is left on a terminal, else a
 * line for what has changed; or JSON, a line likewise.
 */
#ifndef MFR_PROGRESS_H
#define MFR_PROGRESS_H

#include <stdbool.h>

#include "scanner.h"

/* One scan that is followed; starts as zeroes. */
struct progress {
	uint64_t shown_percent;
	char shown_state[32];
};

/*
 * Text goes to the standard error.  Call it for each of the scans in turn;
 * @ended if its pass has come to its end.
 */
void progress_show(struct progress *progress, const struct scan *scan,
		   bool ended);

/* The bars are to be drawn over by those that come. */
void progress_rewind(size_t n_scans);

/* Does the standard error take bars? */
bool progress_has_bars(void);

#endif /* MFR_PROGRESS_H */
