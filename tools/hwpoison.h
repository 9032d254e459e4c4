/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages that are bad according to the running kernel.
 */
#ifndef MFR_HWPOISON_H
#define MFR_HWPOISON_H

#include "page_list.h"

/*
 * Add the pages that /proc/kpageflags marks, and the lost pages of kept files
 * that are mapped.  @unplaced_bytes: lost memory of kept files at addresses
 * that are not known.  0, or a negative errno after printing what failed.
 */
int hwpoison_find(struct page_list *list, uint64_t *unplaced_bytes);

/* Take the page at @address out of use.  0 or a negative errno. */
int hwpoison_retire(uint64_t address);

/*
 * 1 if the kernel has flagged the page and it is still in use, 0 if not, or a
 * negative errno if that is not known.
 */
int hwpoison_is_used(uint64_t address);

#endif /* MFR_HWPOISON_H */
