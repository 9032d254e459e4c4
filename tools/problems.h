/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Problems of a host that an operator should act on.
 */
#ifndef MFR_PROBLEMS_H
#define MFR_PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

struct host;
struct scanner;

/* Each text is a sentence that says what is wrong and what to do. */
struct problems {
	size_t n;
	char **text;
};

/* Poisoned memory of up to @tolerated_bytes is not a problem. */
void problems_find(struct problems *problems, const struct host *host,
		   uint64_t tolerated_bytes);
/* Add only the problems of the scanner. */
void problems_find_scanner(struct problems *problems,
			   const struct scanner *scanner);
void problems_free(struct problems *problems);

#endif /* MFR_PROBLEMS_H */
