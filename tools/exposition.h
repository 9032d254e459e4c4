/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics as text, in either of the formats that Prometheus reads: its own
 * (0.0.4) or OpenMetrics 1.0.
 *
 * A counter's name ends in _total.  In both formats the last word before it is
 * the unit, a base unit; OpenMetrics repeats the unit in a line of its own.
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

/* Start a family; @type is "counter" or "gauge". */
void exposition_family(const struct exposition *to, const char *name,
		       const char *type, const char *help);

/*
 * Print a sample of the family; @labels is a format for "" or {a="b"}.  A value
 * of COUNT_UNKNOWN (root.h) is left out.
 */
void exposition_sample(const struct exposition *to, const char *name,
		       uint64_t value, const char *labels, ...)
	__attribute__((format(printf, 4, 5)));

/* Call it after the last sample. */
void exposition_end(const struct exposition *to);

#endif /* MFR_EXPOSITION_H */
