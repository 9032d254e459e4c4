/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics as text, in either of the formats that Prometheus reads: its own
 * (0.0.4) or OpenMetrics 1.0.
 *
 * A counter's name ends in _total.  The unit of a metric is the last word of
 * its name, in base units, as both want it; only OpenMetrics says it again.
 */
#ifndef MFR_EXPOSITION_H
#define MFR_EXPOSITION_H

#include <stdint.h>
#include <stdio.h>

enum exposition_format { PROMETHEUS_TEXT, OPENMETRICS };

/* The values of the HTTP header Content-Type. */
extern const char *const exposition_types[];

struct exposition {
	FILE *f;
	enum exposition_format format;
};

/* The start of a family; @type is "counter" or "gauge". */
void exposition_family(const struct exposition *to, const char *name,
		       const char *type, const char *help);

/* A sample of it; the labels are "" or {a="b"}. */
void exposition_sample(const struct exposition *to, const char *name,
		       uint64_t value, const char *labels, ...)
	__attribute__((format(printf, 4, 5)));

/* Behind the last one. */
void exposition_end(const struct exposition *to);

#endif /* MFR_EXPOSITION_H */
