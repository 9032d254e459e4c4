// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>

#include "unread.h"

void unread_all(struct unread *unread, int err)
{
	*unread = (struct unread){ .err = err, .n = err != 0 };
}

void unread_member(struct unread *unread, int err, const char *name, ...)
{
	va_list ap;

	if (!unread->n++) {
		unread->err = err;
		va_start(ap, name);
		vsnprintf(unread->first, sizeof(unread->first), name, ap);
		va_end(ap);
	}
}
