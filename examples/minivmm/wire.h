/* SPDX-License-Identifier: MIT */
/* What VMM and guest agree on.  Guest virtual equals guest physical. */
#ifndef WIRE_H
#define WIRE_H

#define PAGE_BYTES	4096
#define RAM_BYTES	0x40000000	/* a huge page */
#define RAM_GPA		0x200000000

/* Offsets in RAM of what the VMM prepares for the guest. */
#define PML4_OFFSET	0x1000
#define PDPT_OFFSET	0x2000
#define PD_OFFSET	0x3000
#define GDT_OFFSET	0x4000
#define IMAGE_OFFSET	0x10000		/* the stack is below */

#define CODE_SELECTOR	0x8
#define DATA_SELECTOR	0x10

/* A 32-bit OUT to this port: there is a report at RAM_GPA + the value. */
#define REPORT_PORT	0x100

#ifndef __ASSEMBLER__
#include <stdint.h>

enum report_kind {
	REPORT_FILLED,		/* all pages were written */
	REPORT_PASS,		/* all pages were read once more */
	REPORT_MACHINE_CHECK,	/* a page was given up after #MC */
	REPORT_POLLED,		/* the same, found by polling a bank */
	REPORT_NO_WAY_ON,	/* #MC where the guest cannot recover */
};

struct report {
	uint32_t kind;		/* enum report_kind */
	uint32_t bank;		/* of the error; with its status, address */
	uint64_t status;
	uint64_t address;
	uint64_t pass;		/* number of the pass, from 1 */
	uint64_t good;		/* base pages that hold what was written */
	uint64_t wrong;		/* base pages that do not */
	uint64_t lost;		/* base pages given up */
};
#endif

#endif /* WIRE_H */
