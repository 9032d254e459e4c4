/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The format that a client requests: the HTTP header Accept (RFC 9110, 12.5.1).
 */
#ifndef MFR_ACCEPT_H
#define MFR_ACCEPT_H

#include "exposition.h"

/*
 * OpenMetrics if @accept gives it at least the weight of text/plain; else
 * Prometheus' own format.  @accept may be NULL or malformed.
 */
enum exposition_format accept_format(const char *accept);

#endif /* MFR_ACCEPT_H */
