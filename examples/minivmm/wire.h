/* SPDX-License-Identifier: MIT */
/* What VMM and guest agree on.  Guest virtual equals guest physical. */
#ifndef WIRE_H
#define WIRE_H

#define PAGE_BYTES	4096
#define RAM_BYTES	0x40000000	/* a huge page */
#define RAM_GPA		0x200000000

/*
 * The guest's home is what the VMM prepares for it: memory in one piece, none of
 * which is lost.  These are offsets in it.
 */
#define LIST_OFFSET	0		/* struct lost_list */
#define PML4_OFFSET	0x1000
#define PDPT_OFFSET	0x2000
#define PD_OFFSET	0x3000
#define GDT_OFFSET	0x4000
#define IMAGE_OFFSET	0x10000		/* the stack is below */
#define HOME_BYTES	0x51000

#define CODE_SELECTOR	0x8
#define DATA_SELECTOR	0x10

/* A 32-bit OUT to this port: there is a report at RAM_GPA + the value. */
#define REPORT_PORT	0x100

#ifndef __ASSEMBLER__
#include <stdint.h>

#define LOST_LIST_MAX	255		/* the list is one page */

/* What firmware would leave out of its map of the memory. */
struct lost_list {
	uint64_t count;
	uint64_t reserved;
	struct {
		uint64_t gpa, bytes;
	} lost[LOST_LIST_MAX];
};

/*
 * REPORT_FILLED: all pages but those lost were written; REPORT_PASS: all were read
 * once more; REPORT_MACHINE_CHECK: a page was given up after #MC; REPORT_POLLED: the
 * same, found by polling a bank; REPORT_NO_WAY_ON: #MC where the guest cannot recover.
 */
enum report_kind {
	REPORT_FILLED,
	REPORT_PASS,
	REPORT_MACHINE_CHECK,
	REPORT_POLLED,
	REPORT_NO_WAY_ON,
};

/*
 * @kind: enum report_kind.
 * @bank, @status, @address: of the error.
 * @pass: number of the pass, from 1.
 * @good: base pages that hold what was written.
 * @wrong: base pages that do not.
 * @lost: base pages given up.
 */
struct report {
	uint32_t kind;
	uint32_t bank;
	uint64_t status;
	uint64_t address;
	uint64_t pass;
	uint64_t good;
	uint64_t wrong;
	uint64_t lost;
};
#endif

#endif /* WIRE_H */
