/* SPDX-License-Identifier: MIT */
/* What the kernel says of a file's lost memory in /proc/self/fdinfo. */
#ifndef MFR_FDINFO_H
#define MFR_FDINFO_H

#include <mfr.h>

#define MFR_FDINFO_OTHER	0
#define MFR_FDINFO_POLICY	1	/* mf_keep_ue_mapped: 1 */
#define MFR_FDINFO_RANGE	2	/* mf_ue: 0xOFFSET+0xLENGTH */

/* What a line is; -EBADMSG: it should be a range and is none. */
int mfr_fdinfo_line(const char *line, struct mfr_range *range);

/* Mark the ranges of the region's file; also learns whether it is kept. */
int mfr_fdinfo_load(struct mfr_region *region);

#endif /* MFR_FDINFO_H */
