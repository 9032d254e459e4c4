/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Have memscan read a range of physical memory now, by /dev/memscan.
 */
#ifndef MFR_RANGE_H
#define MFR_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t address;
	uint64_t size;
	uint64_t max_cpu_percent;
	bool watch;		/* show the progress */
};

/*
 * Read it to its end, or until a signal arrives, and print what was found.
 * Returns an exit status: PROBLEM if poison was found; UNKNOWN if it was not
 * read to its end, after saying why.
 */
int range_scan(const struct range *range);

#endif /* MFR_RANGE_H */
