/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host's figures as Prometheus reads them (text format 0.0.4).
 *
 * No pfn, address, pid or file name is a label: there is no end to these.
 */
#ifndef MFR_METRICS_H
#define MFR_METRICS_H

#include <stdio.h>

#include "host.h"

void metrics_print(FILE *f, const struct host *host);

/* The start of a family, and a sample of it; @labels is "" or {a="b"}. */
void metric_family(FILE *f, const char *name, const char *type,
		   const char *help);
void metric_sample(FILE *f, const char *name, uint64_t value,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif /* MFR_METRICS_H */
