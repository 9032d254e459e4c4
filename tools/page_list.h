/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of bad pages that outlives a reboot: a text file.
 *
 *	mfr-badpages 2			format and version
 *	machine product_uuid 4c4c...	the machine that has the memory
 *	blocks 0x8000000 0-23,32-39	memory blocks: size in bytes, numbers
 *	page 0x120fc0000 0x1000		physical address and length in bytes
 *	end 1 5c8f2a10			number of ranges, CRC-32 of all lines before
 *
 * A cut file lacks the end.  Version 1, which is read as well, has no CRC.
 * Ranges are sorted, not empty, and neither overlap nor wrap.
 */
#ifndef MFR_PAGE_LIST_H
#define MFR_PAGE_LIST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PAGE_LIST_BASE_BYTES	4096u

struct machine {
	char id[128];		/* "product_uuid ..." or "machine_id ..." */
	char blocks[8192];	/* "0xBYTES RANGES", or "unknown" */
};

struct page_range {
	uint64_t start;
	uint64_t length;
};

struct page_list {
	struct machine machine;
	size_t n;
	struct page_range *range;
};

/*
 * @text may be any bytes.  0, -EINVAL or -ENOMEM; on failure @why has the line
 * and the reason.
 */
int page_list_parse(struct page_list *list, const char *text, size_t size,
		    char why[128]);

/* 0 or -ENOMEM; @f has the errors of writing. */
int page_list_print(const struct page_list *list, FILE *f);

/* Add a range, which may touch or overlap others.  0 or -ENOMEM. */
int page_list_add(struct page_list *list, uint64_t start, uint64_t length);

uint64_t page_list_bytes(const struct page_list *list);
void page_list_free(struct page_list *list);

#endif /* MFR_PAGE_LIST_H */
