/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When each part of each node was last scanned, in a file that outlives the
 * module and a reboot:
 *
 *	mfr-coverage 1			format and version
 *	machine product_uuid 4c4c...	the machine that has the memory
 *	blocks 0x8000000 0-23,32-39	memory blocks: size in bytes, numbers
 *	node 0 1309			so many bytes follow: nodeN/coverage
 *	...
 *	end 2				number of nodes; a cut file lacks it
 */
#ifndef MFR_COVERAGE_H
#define MFR_COVERAGE_H

struct scanner;

#define COVERAGE_FILE	"/var/lib/mfr/coverage"

/* Both print what went wrong, or what was done; 0 or a negative errno. */
int coverage_save(const struct scanner *scanner, const char *path);

/* A file that is not there yet is no failure. */
int coverage_restore(const struct scanner *scanner, const char *path);

#endif /* MFR_COVERAGE_H */
