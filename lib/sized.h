/* SPDX-License-Identifier: MIT */
/*
 * Structs of the caller that begin with their size.  Program and library may
 * differ in version: a field that one of them lacks is 0 for the other.
 */
#ifndef MFR_SIZED_H
#define MFR_SIZED_H

#include <stddef.h>

/* Sizes in the first version.  Add members at the end, never in padding. */
enum {
	MFR_CONTEXT_OPTIONS_FIRST = 16,
	MFR_REGION_OPTIONS_FIRST = 48,
	MFR_IMPORT_OPTIONS_FIRST = 32,
	MFR_EVENT_FIRST = 48,
	MFR_SECTION_FIRST = 248,
	MFR_MCE_FIRST = 48,
	MFR_KVM_REPORT_FIRST = 32,
};

/* -EINVAL: smaller than @first; -E2BIG: larger than any version will be. */
int mfr_sized_check(const void *theirs, size_t first);

/* Also -E2BIG: @theirs sets a field that this library does not have. */
int mfr_sized_read(void *ours, size_t bytes, const void *theirs, size_t first);

/* The size in @theirs is not changed. */
int mfr_sized_write(void *theirs, size_t first, const void *ours, size_t bytes);

#endif /* MFR_SIZED_H */
