/* SPDX-License-Identifier: MIT */
/*
 * The ledger: one bit per base page, and levels of summaries above, each with
 * one bit per word of the level below, up to a level of one word.  All levels
 * are in one file that other processes can map.
 *
 * Marking sets the page's bit first and then its summaries, atomically and
 * without a lock, so that signal handlers can mark.  Summary bits are never
 * cleared: a set bit means "look below", a clear bit "nothing below is lost".
 */
#ifndef MFR_LEDGER_H
#define MFR_LEDGER_H

#include <stdatomic.h>
#include <stdint.h>

#include <mfr.h>

#include "page.h"

#define MFR_LEDGER_LEVELS	9	/* 64^9 base pages are 2^66 bytes */
#define MFR_LEDGER_VERSION	1

/* At the start of the file, in a page of its own.  Host byte order. */
struct mfr_ledger_header {
	char magic[8];
	uint32_t version;
	uint32_t page_bytes;
	uint64_t bytes;			/* of the region */
	_Atomic uint64_t lost_pages;
};

struct mfr_ledger {
	uint64_t magic;
	struct mfr_ledger_header *header;
	uint64_t bytes;			/* of the region */
	uint64_t map_bytes;
	unsigned int levels;
	uint64_t bits[MFR_LEDGER_LEVELS];
	_Atomic uint64_t *words[MFR_LEDGER_LEVELS];
};

/* Create the ledger of a region of @bytes; @fd returns its descriptor. */
int mfr_ledger_create(uint64_t bytes, struct mfr_ledger **ledger, int *fd);

/* Returns 0, -EFAULT or -EINVAL. */
int mfr_ledger_check(const struct mfr_ledger *ledger);
/* Needs a valid ledger.  -ERANGE: empty, or not within the region. */
int mfr_ledger_check_range(const struct mfr_ledger *ledger, uint64_t offset,
			   uint64_t length);

/* For a range that was checked: the bytes ahead of the first that is lost. */
uint64_t mfr_ledger_clean_bytes(const struct mfr_ledger *ledger, uint64_t offset,
				uint64_t length);

/* For a range that was checked; returns the number of base pages changed. */
uint64_t mfr_ledger_mark(struct mfr_ledger *ledger, uint64_t offset,
			 uint64_t length);
uint64_t mfr_ledger_clear(struct mfr_ledger *ledger, uint64_t offset,
			  uint64_t length);

#endif /* MFR_LEDGER_H */
