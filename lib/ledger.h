/* SPDX-License-Identifier: MIT */
/*
 * The ledger: a bit a base page, and summaries above it, each with a bit for a
 * word of the level below, up to a level of one word.  All in one file that
 * other processes can map.
 *
 * Marking sets the page's bit first and then its summaries, atomically and
 * without a lock, so it can be done in a signal handler.  Summaries are not
 * cleared: a set one says "look below", a clear one "nothing there".
 */
#ifndef MFR_LEDGER_H
#define MFR_LEDGER_H

#include <stdatomic.h>
#include <stdint.h>

#include <mfr.h>

#define MFR_LEDGER_LEVELS	9	/* 64^9 base pages are 2^66 bytes */
#define MFR_LEDGER_VERSION	1

/* At the start of the file, its first page.  Host byte order. */
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

/* Make the file for a region of @bytes; @fd is its descriptor. */
int mfr_ledger_create(uint64_t bytes, struct mfr_ledger **ledger, int *fd);

/* 0, -EFAULT or -EINVAL; then is the range in the region (-ERANGE)? */
int mfr_ledger_check(const struct mfr_ledger *ledger);
int mfr_ledger_check_range(const struct mfr_ledger *ledger, uint64_t offset,
			   uint64_t length);

/* Of a range that was checked.  The number of base pages that changed. */
uint64_t mfr_ledger_mark(struct mfr_ledger *ledger, uint64_t offset,
			 uint64_t length);
uint64_t mfr_ledger_clear(struct mfr_ledger *ledger, uint64_t offset,
			  uint64_t length);

#endif /* MFR_LEDGER_H */
