/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Progress of scans: bars with the time left on a terminal, otherwise one line
 * of text, or of JSON, per change.
 */
#ifndef MFR_PROGRESS_H
#define MFR_PROGRESS_H

#include <stdbool.h>

#include "scanner.h"

/* Of one scan; initialise it with zeroes. */
struct progress {
	uint64_t shown_percent;
	char shown_state[32];
};

/*
 * Print the progress of one scan, as text on stderr.  Call it for each scan in
 * turn; @ended: its pass has ended.
 */
void progress_show(struct progress *progress, const struct scan *scan,
		   bool ended);

/* Draw the next bars over the previous ones. */
void progress_rewind(size_t n_scans);

/* True if progress is shown as bars: stderr is a terminal, and no --json. */
bool progress_has_bars(void);

#endif /* MFR_PROGRESS_H */
