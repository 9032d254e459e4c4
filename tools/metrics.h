/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host's figures as metrics.
 *
 * No pfn, address, pid or file name is a label: their number is unbounded.
 */
#ifndef MFR_METRICS_H
#define MFR_METRICS_H

#include "exposition.h"
#include "host.h"

void metrics_print(const struct exposition *to, const struct host *host);

#endif /* MFR_METRICS_H */
