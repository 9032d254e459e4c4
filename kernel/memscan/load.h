/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The load loop: reads every cache line of a range, and survives poison. Its load
 * has an entry in the module's exception table, of the type that the machine
 * check handler knows to be safe.
 */
#ifndef MEMSCAN_LOAD_H
#define MEMSCAN_LOAD_H

/* Traps of x86 that a load can raise: Intel SDM Vol. 3A, 6.15 */
#define MEMSCAN_TRAP_NONE	0
#define MEMSCAN_TRAP_PAGE_FAULT	14
#define MEMSCAN_TRAP_POISON	18

/* The cache line: the unit that a load fetches and that an error destroys. */
#define MEMSCAN_LINE_BYTES	64

/**
 * struct memscan_loaded - how far a range could be read
 * @end: the line whose load trapped, or the end of the range
 * @trap: a MEMSCAN_TRAP_* or another vector; NONE if all was read
 */
struct memscan_loaded {
	const void *end;
	unsigned long trap;
};

/* The distance of prefetches, chosen by bench/scan. */
#define MEMSCAN_AHEAD_BYTES	(16 * MEMSCAN_LINE_BYTES)

struct memscan_loaded memscan_load(const void *from, const void *to,
				   const void *ahead);

#endif /* MEMSCAN_LOAD_H */
