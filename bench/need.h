/* SPDX-License-Identifier: GPL-2.0-only */
/* End the program, with one line, when a measurement cannot be trusted. */
#ifndef NEED_H
#define NEED_H

#include <stdbool.h>

/* Print "cannot ..." and exit. */
void die(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/* Unless @met, print "cannot @what: " with errno's message, and exit. */
void need(bool met, const char *what);

#endif /* NEED_H */
