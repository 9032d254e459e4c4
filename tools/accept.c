// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "accept.h"

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* The weight "0.75" in thousandths; 0 if @p is not a weight. */
static unsigned int parse_weight(const char *p)
{
	unsigned int weight = 0, unit = 100;

	if (*p != '0' && *p != '1')
		return 0;
	weight = *p++ == '1' ? 1000 : 0;
	if (*p != '.')
		return weight;
	for (p++; unit && isdigit((unsigned char)*p); p++, unit /= 10)
		weight += unit * (unsigned int)(*p - '0');
	return weight < 1000 ? weight : 1000;
}

/* True if @c may follow a media type or a value. */
static bool is_end(char c)
{
	return !c || strchr("; \t,\"", c);
}

static bool is_version(const char *p, const char *version)
{
	size_t len = strlen(version);

	p += *p == '"';
	return !strncmp(p, version, len) && is_end(p[len]);
}

/*
 * The weight of the media range [p, end), whose parameters follow semicolons;
 * 0 if it names another version.
 */
static unsigned int weight_of(const char *p, const char *end,
			      const char *version)
{
	unsigned int weight = 1000;

	while ((p = memchr(p, ';', (size_t)(end - p)))) {
		p = skip_blanks(p + 1);
		if (!strncasecmp(p, "q=", 2))
			weight = parse_weight(p + 2);
		else if (!strncasecmp(p, "version=", 8) &&
			 !is_version(p + 8, version))
			return 0;
	}
	return weight;
}

static unsigned int best_weight(const char *accept, const char *type,
				const char *version)
{
	unsigned int weight, best = 0;
	size_t len = strlen(type);
	const char *p = accept, *end;

	for (;;) {
		p = skip_blanks(p);
		end = p + strcspn(p, ",");
		if (!strncasecmp(p, type, len) && is_end(p[len])) {
			weight = weight_of(p, end, version);
			best = weight > best ? weight : best;
		}
		if (!*end)
			return best;
		p = end + 1;
	}
}

enum exposition_format accept_format(const char *accept)
{
	unsigned int weight;

	if (!accept)
		return PROMETHEUS_TEXT;
	weight = best_weight(accept, "application/openmetrics-text", "1.0.0");
	return weight && weight >= best_weight(accept, "text/plain", "0.0.4") ?
	       OPENMETRICS : PROMETHEUS_TEXT;
}
