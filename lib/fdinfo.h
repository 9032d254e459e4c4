/* SPDX-License-Identifier: MIT */
/* The kernel's list of a file's lost memory, from /proc/self/fdinfo. */
#ifndef MFR_FDINFO_H
#define MFR_FDINFO_H

#include <stdbool.h>

#include <mfr.h>

#define MFR_FDINFO_OTHER	0
#define MFR_FDINFO_POLICY	1	/* mf_keep_ue_mapped: 1 */
#define MFR_FDINFO_RANGE	2	/* mf_ue: 0xOFFSET+0xLENGTH */

/* The kind of a line; -EBADMSG: a malformed range. */
int mfr_fdinfo_line(const char *line, struct mfr_range *range);

/* Mark the ranges that fdinfo lists for the region's file; sets ->kept. */
int mfr_fdinfo_load(struct mfr_region *region, uint64_t *pages);

/* Does fdinfo of @fd say that the file has the policy? Else 0 or a -errno. */
int mfr_fdinfo_has_policy(int fd);

#endif /* MFR_FDINFO_H */
