/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which DIMM a page is on, as far as EDAC has told in events: it knows this
 * of pages with errors only.
 */
#ifndef MFR_DIMM_LABELS_H
#define MFR_DIMM_LABELS_H

#include <stdint.h>

/* EDAC says that an error of this page is on @label; older ones are forgot. */
void dimm_labels_note(uint64_t pfn, const char *label);

/* NULL if EDAC has not said. */
const char *dimm_labels_find(uint64_t pfn);

#endif /* MFR_DIMM_LABELS_H */
