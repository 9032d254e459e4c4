/* SPDX-License-Identifier: GPL-2.0-only */
/* The first thing that was not as the model had it, whichever process saw it. */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>

struct failure {
	bool set;
	char who[32], what[160], expected[1024], seen[1024];
};

/* Where to note it: in memory that all processes share.  @who is the caller. */
void failure_init(struct failure *failure, const char *who);

bool failure_seen(void);

/* Each is true if both are equal, and notes a failure otherwise. */
bool expect_number(const char *what, long expected, long seen);
bool expect_text(const char *what, const char *expected, const char *seen);

/* The same, but @expected and @seen are said to differ.  Returns false. */
bool unexpected(const char *what, const char *expected, const char *seen);

/* One that is not a matter of two values: an operation that failed. */
bool impossible(const char *what, long error);

#endif /* FAILURE_H */
