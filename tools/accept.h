/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which format a client wants: the HTTP header Accept (RFC 9110, 12.5.1).
 */
#ifndef MFR_ACCEPT_H
#define MFR_ACCEPT_H

#include "exposition.h"

/*
 * OpenMetrics if @accept names it, with no less weight than text/plain;
 * NULL or any other bytes are Prometheus' own.
 */
enum exposition_format accept_format(const char *accept);

#endif /* MFR_ACCEPT_H */
