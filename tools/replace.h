/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replace a file atomically: readers find the old or the new content.
 *
 * Only a regular file is replaced; of a symbolic link, its target.  A device, a
 * pipe or the standard output is written to as it is.
 */
#ifndef MFR_REPLACE_H
#define MFR_REPLACE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct replacement {
	FILE *f;		/* write the new content here */
	char *path;		/* with links resolved */
	char *temporary;	/* NULL: it is written to as it is */
};

/*
 * Begin, write to @f, then end or abandon.  0 or a negative errno.  A failure
 * leaves only the old file, or the new one if just its directory's sync failed.
 */
int replace_begin(struct replacement *r, const char *path, mode_t mode);
int replace_end(struct replacement *r);
void replace_abandon(struct replacement *r);

/* True if @path is no file that can be replaced: it has no old content, too. */
bool replace_writes_through(const char *path);

#endif /* MFR_REPLACE_H */
