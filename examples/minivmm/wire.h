/* SPDX-License-Identifier: MIT */
/* What VMM and guest agree on; guest physical is guest virtual. */
#ifndef WIRE_H
#define WIRE_H

#define PAGE_BYTES	4096
#define RAM_BYTES	0x40000000	/* a huge page */
#define RAM_GPA		0x200000000

/* Where in RAM what the guest is started with lies. */
#define PML4_OFFSET	0x1000
#define PDPT_OFFSET	0x2000
#define PD_OFFSET	0x3000
#define GDT_OFFSET	0x4000
#define IMAGE_OFFSET	0x10000		/* the stack is below */

#define CODE_SELECTOR	0x8
#define DATA_SELECTOR	0x10

/* An OUT of 32 bits to this port: a report lies at RAM_GPA + the value. */
#define REPORT_PORT	0x100

#ifndef __ASSEMBLER__
#include <stdint.h>

enum report_kind {
	REPORT_FILLED,		/* all pages are written */
	REPORT_PASS,		/* all pages are read once more */
	REPORT_MACHINE_CHECK,	/* a page is given up, by #MC */
	REPORT_POLLED,		/* the same, found in a bank before #MC */
	REPORT_NO_WAY_ON,	/* #MC where the guest cannot go on */
};

struct report {
	uint32_t kind;		/* enum report_kind */
	uint32_t bank;		/* of a machine check, with what it held */
	uint64_t status;
	uint64_t address;
	uint64_t pass;		/* number of the pass, from 1 */
	uint64_t good;		/* base pages that are as written */
	uint64_t wrong;		/* that are not */
	uint64_t lost;		/* that are given up */
};
#endif

#endif /* WIRE_H */
