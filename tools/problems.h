/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Problems of a host that an operator should act on.
 */
#ifndef MFR_PROBLEMS_H
#define MFR_PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

struct host;
struct kept;
struct scanner;

/* Each text is a sentence that says what is wrong and what to do (plain.h). */
struct problems {
	size_t n;
	char **text;
};

/* What is not a problem yet. */
struct limits {
	uint64_t poisoned_bytes;
	uint64_t max_age_seconds;	/* 0: 17/8 of the node's cycle_seconds */
};

void problems_find(struct problems *problems, const struct host *host,
		   const struct limits *limits);
/* Add what kept files have lost. */
void problems_find_lost(struct problems *problems, const struct kept *kept);
/* Add only the problems of the scanner. */
void problems_find_scanner(struct problems *problems,
			   const struct scanner *scanner,
			   uint64_t max_age_seconds);
void problems_add(struct problems *problems, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void problems_free(struct problems *problems);

#endif /* MFR_PROBLEMS_H */
