// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "number.h"

bool number_begins(const char *text, uint64_t *value, const char **end)
{
	char *behind;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &behind, 0);
	*end = behind;
	return !errno;
}

bool number_parse(const char *text, uint64_t *value)
{
	const char *end;

	return number_begins(text, value, &end) && !*end;
}
