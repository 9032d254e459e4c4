/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replace a file at once: a reader finds the old or the new, never a part.
 */
#ifndef MFR_REPLACE_H
#define MFR_REPLACE_H

#include <stdio.h>
#include <sys/types.h>

struct replacement {
	FILE *f;		/* write the new content here */
	char *path;
	char *temporary;
};

/*
 * Begin, then write, then either end or abandon.  0 or a negative errno; what
 * failed leaves the old file and no temporary one.
 */
int replace_begin(struct replacement *r, const char *path, mode_t mode);
int replace_end(struct replacement *r);
void replace_abandon(struct replacement *r);

#endif /* MFR_REPLACE_H */
