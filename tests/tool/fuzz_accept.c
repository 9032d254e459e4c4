// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as the header Accept: OpenMetrics only for those who name it, and
 * a type that nobody serves changes nothing, in front or behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum exposition_format with(const char *before, const char *accept,
				   const char *behind)
{
	enum exposition_format format;
	char *all;

	if (asprintf(&all, "%s%s%s", before, accept, behind) < 0)
		abort();
	format = accept_format(all);
	free(all);
	return format;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *accept = strndup((const char *)data, size);
	enum exposition_format format;

	if (!accept)
		abort();
	format = accept_format(accept);
	if (format == OPENMETRICS &&
	    !strcasestr(accept, "application/openmetrics-text"))
		abort();
	if (with("image/png,", accept, "") != format ||
	    with("", accept, ",image/png;q=1") != format)
		abort();
	free(accept);
	return 0;
}
