/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module memscan as seen in /sys/kernel/memscan; its ABI page describes
 * each file.
 */
#ifndef MFR_SCANNER_H
#define MFR_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan_figures.h"
#include "unread.h"

#define SCAN_FIGURE_ID(id, ...)	SCAN_##id,
enum scan_figure {
	SCAN_FIGURES(SCAN_FIGURE_ID)
	N_SCAN_FIGURES
};

/* One line of scan_figures.h. */
struct scan_figure_info {
	const char *file;	/* in the directory of the scan */
	const char *metric;	/* NULL: not exported */
	const char *type;	/* type and help: first of the metric only */
	const char *help;
	const char *label;	/* besides the node's, or NULL */
};

extern const struct scan_figure_info scan_figures[N_SCAN_FIGURES];

/* Other: a state of a module that is newer than this tool. */
enum scan_state {
	SCAN_IDLE,
	SCAN_SCANNING,
	SCAN_PAUSED,
	SCAN_REFUSED,
	SCAN_WAITING,
	N_SCAN_STATES,
	SCAN_OTHER = N_SCAN_STATES
};

extern const char *const scan_state_names[N_SCAN_STATES];

/* The scan of a node. */
struct scan {
	int node;
	char name[16];			/* of its directory */
	enum scan_state state;
	char state_text[256];		/* with the reason, if there is one */
	char scope[32];
	char pace[32];
	char action[32];
	char hugetlb_action[32];
	char last_scope[32];		/* of the last pass */
	bool known[N_SCAN_FIGURES];	/* exists, and we may read it */
	uint64_t figure[N_SCAN_FIGURES];	/* 0 if not known */
};

/* A check of the machine that the module makes before it reads memory. */
struct scan_check {
	char name[64];
	char verdict[192];
	bool refuses;
};

struct scanner {
	int err;		/* -ENOENT: the module is not loaded */
	struct unread unread;	/* nodes; the others are known */
	uint64_t paused;	/* 0 or 1 */
	uint64_t max_hits;
	uint64_t max_hits_per_minute;
	uint64_t pending;	/* pages that were reported, not isolated */
	size_t n_checks;
	struct scan_check check[16];
	size_t n;
	struct scan *node;	/* by number */
};

void scanner_read(struct scanner *scanner);
void scanner_free(struct scanner *scanner);

/* The check that prevents scanning, or NULL. */
const struct scan_check *scanner_refusal(const struct scanner *scanner);

/* NULL if the node has no scan. */
const struct scan *scanner_find(const struct scanner *scanner, int node);

/* All hits since the module was loaded. */
uint64_t scan_hits(const struct scan *scan);

/* Write a file; 0 or a negative errno. */
int scanner_write(const char *file, const char *value);

#endif /* MFR_SCANNER_H */
