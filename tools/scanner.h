/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module memscan as it is in /sys/kernel/memscan; docs/memscan.md says
 * what each file means.
 */
#ifndef MFR_SCANNER_H
#define MFR_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The files of numbers in the directory of a scan, by name in scanner.c. */
enum scan_figure {
	SCAN_ENABLED,
	SCAN_CYCLE_SECONDS,
	SCAN_MAX_CPU_PERCENT,
	SCAN_PROGRESS_PERCENT,
	SCAN_RATE_BYTES_PER_SECOND,
	SCAN_READ_BYTES,
	SCAN_PASSES,
	SCAN_LATE_PASSES,
	SCAN_LATE_SECONDS,
	SCAN_EARLY_PASSES,
	SCAN_EARLY_SECONDS,
	SCAN_HITS_RECOVERED,
	SCAN_HITS_KNOWN,
	SCAN_HITS_NOT_RECOVERED,
	SCAN_NEARBY_BLOCKS,
	SCAN_NEARBY_HITS,
	SCAN_LAST_HIT_PFN,
	SCAN_LAST_HIT_SECONDS,
	SCAN_PASS_START_SECONDS,
	SCAN_PASS_HITS,
	SCAN_LAST_PASS_START_SECONDS,
	SCAN_LAST_PASS_END_SECONDS,
	SCAN_LAST_PASS_HITS,
	SCAN_LAST_PASS_READ_PAGES,
	SCAN_LAST_PASS_LEAVING_PAGES,
	SCAN_LAST_PASS_OFFLINE_PAGES,
	SCAN_LAST_PASS_HWPOISON_PAGES,
	SCAN_LAST_PASS_KNOWN_PAGES,
	SCAN_LAST_PASS_SCOPE_PAGES,
	SCAN_LAST_PASS_UNMAPPED_PAGES,
	N_SCAN_FIGURES,
};

extern const char *const scan_figure_names[N_SCAN_FIGURES];

enum { SCAN_DEMAND = -1 };

/* Of a node, or that of ranges on demand. */
struct scan {
	int node;			/* or SCAN_DEMAND */
	char name[16];			/* of its directory */
	char state[256];
	char scope[32];			/* nodes only, else "" */
	char pace[32];			/* the same */
	bool known[N_SCAN_FIGURES];	/* there, and we may read it */
	uint64_t figure[N_SCAN_FIGURES];	/* 0 if not known */
};

/* A check that the module makes before it reads memory. */
struct scan_check {
	char name[64];
	char verdict[192];
	bool refuses;
};

struct scanner {
	int err;		/* -ENOENT: the module is not loaded */
	uint64_t paused;	/* 0 or 1 */
	uint64_t max_hits;
	size_t n_checks;
	struct scan_check check[16];
	size_t n;
	struct scan *node;	/* by number */
	struct scan demand;
};

void scanner_read(struct scanner *scanner);
void scanner_free(struct scanner *scanner);

/* The check that keeps it from reading, or NULL. */
const struct scan_check *scanner_refusal(const struct scanner *scanner);

/* NULL if the node has none; SCAN_DEMAND has. */
const struct scan *scanner_find(const struct scanner *scanner, int node);

/* All hits since the module was loaded. */
uint64_t scan_hits(const struct scan *scan);

/* Write a file; 0 or a negative errno. */
int scanner_write(const char *file, const char *value);

#endif /* MFR_SCANNER_H */
