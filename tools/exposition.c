// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "exposition.h"
#include "root.h"

const char *const exposition_types[] = {
	[PROMETHEUS_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
	[OPENMETRICS] =
		"application/openmetrics-text; version=1.0.0; charset=utf-8",
};

static bool ends_in(const char *name, int len, const char *end)
{
	int n = (int)strlen(end);

	return len > n && !strncmp(name + len - n, end, (size_t)n);
}

/* OpenMetrics names the family of a counter without _total. */
static int family_length(const struct exposition *to, const char *name)
{
	int len = (int)strlen(name);

	if (to->format == OPENMETRICS && ends_in(name, len, "_total"))
		len -= (int)strlen("_total");
	return len;
}

static const char *unit_of(const char *name, int len)
{
	if (ends_in(name, len, "_bytes"))
		return "bytes";
	return ends_in(name, len, "_seconds") ? "seconds" : NULL;
}

void exposition_family(const struct exposition *to, const char *name,
		       const char *type, const char *help)
{
	int len = family_length(to, name);
	const char *unit = unit_of(name, len);

	fprintf(to->f, "# HELP %.*s %s\n# TYPE %.*s %s\n", len, name, help,
		len, name, type);
	if (to->format == OPENMETRICS && unit)
		fprintf(to->f, "# UNIT %.*s %s\n", len, name, unit);
}

void exposition_sample(const struct exposition *to, const char *name,
		       uint64_t value, const char *labels, ...)
{
	va_list ap;

	if (value == COUNT_UNKNOWN)
		return;
	fputs(name, to->f);
	va_start(ap, labels);
	vfprintf(to->f, labels, ap);
	va_end(ap);
	fprintf(to->f, " %" PRIu64 "\n", value);
}

void exposition_end(const struct exposition *to)
{
	if (to->format == OPENMETRICS)
		fputs("# EOF\n", to->f);
}
