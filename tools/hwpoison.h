/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages that this kernel knows to be bad.
 */
#ifndef MFR_HWPOISON_H
#define MFR_HWPOISON_H

#include "page_list.h"

/*
 * Add what /proc/kpageflags marks, and what is lost of kept files that
 * somebody maps.  @unplaced gets the bytes of kept files whose address cannot
 * be told.  0, or a negative errno after saying what failed.
 */
int hwpoison_find(struct page_list *list, uint64_t *unplaced_bytes);

/* Take the page at @address out of use.  0 or a negative errno. */
int hwpoison_retire(uint64_t address);

#endif /* MFR_HWPOISON_H */
