// SPDX-License-Identifier: GPL-2.0-only
#include "need.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *fmt, ...)
{
	va_list ap;

	fputs("bench: cannot ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

void need(bool met, const char *what)
{
	if (!met)
		die("%s: %s", what, strerror(errno));
}
