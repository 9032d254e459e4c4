/* SPDX-License-Identifier: GPL-2.0-only */
/* A measurement that cannot be trusted ends the program, with one line. */
#ifndef NEED_H
#define NEED_H

#include <stdbool.h>

/* "cannot ..." */
void die(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* "cannot @what: " and what errno says, unless it was @met. */
void need(bool met, const char *what);

#endif /* NEED_H */
