/* SPDX-License-Identifier: MIT */
/*
 * Structs of the caller that begin with their size.  Program and library may be
 * of different versions: what one of the two does not know is 0 for the other.
 */
#ifndef MFR_SIZED_H
#define MFR_SIZED_H

#include <stddef.h>

/* Sizes of the first version.  New members go behind, never into padding. */
enum {
	MFR_CONTEXT_OPTIONS_FIRST = 16,
	MFR_REGION_OPTIONS_FIRST = 40,
	MFR_EVENT_FIRST = 40,
	MFR_MCE_FIRST = 48,
	MFR_KVM_REPORT_FIRST = 32,
};

/* -EINVAL: smaller than @first; -E2BIG: more than any version will have. */
int mfr_sized_check(const void *theirs, size_t first);

/* Also -E2BIG: @theirs has what this library does not know, and it is not 0. */
int mfr_sized_read(void *ours, size_t bytes, const void *theirs, size_t first);

/* The size in @theirs stays. */
int mfr_sized_write(void *theirs, size_t first, const void *ours, size_t bytes);

#endif /* MFR_SIZED_H */
