/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which DIMM a page is on, as named in EDAC's events: only pages with errors
 * have one.
 */
#ifndef MFR_DIMM_LABELS_H
#define MFR_DIMM_LABELS_H

#include <stdint.h>

/* An EDAC event puts the page on DIMM @label; the oldest notes are dropped. */
void dimm_labels_note(uint64_t pfn, const char *label);

/* NULL if no EDAC event named the DIMM. */
const char *dimm_labels_find(uint64_t pfn);

#endif /* MFR_DIMM_LABELS_H */
