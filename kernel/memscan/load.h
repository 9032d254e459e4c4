/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The load loop: read every word of a range, and survive poison.
 *
 * In the kernel each load has an entry in the exception table of this module,
 * which the machine check handler knows to be safe. In user mode the same
 * loads have entries in a table of their own, and a handler of SIGBUS asks
 * memscan_load_fixup() where to go on.
 */
#ifndef MEMSCAN_LOAD_H
#define MEMSCAN_LOAD_H

/* Traps of x86 that a load can raise: Intel SDM Vol. 3A, 6.15 */
#define MEMSCAN_TRAP_NONE	0
#define MEMSCAN_TRAP_PAGE_FAULT	14
#define MEMSCAN_TRAP_POISON	18

/* What a load brings in, and what an error destroys. */
#define MEMSCAN_LINE_BYTES	64

/**
 * struct memscan_loaded - how far a range could be read
 * @end: the word whose load trapped, or the end of the range
 * @trap: a MEMSCAN_TRAP_* or another vector; NONE if all was read
 */
struct memscan_loaded {
	const void *end;
	unsigned long trap;
};

struct memscan_loaded memscan_load(const void *from, const void *to);

#ifndef __KERNEL__
unsigned long memscan_load_fixup(unsigned long ip);
#endif

#endif /* MEMSCAN_LOAD_H */
