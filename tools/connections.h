/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The connections of the HTTP server: a new one takes the place of the oldest,
 * so that idle ones do not keep others out.
 */
#ifndef MFR_CONNECTIONS_H
#define MFR_CONNECTIONS_H

#include <microhttpd.h>

#define CONNECTIONS_MAX	16u

/* The server needs room for one more, until it has closed the oldest. */
#define CONNECTIONS_LIMIT	(CONNECTIONS_MAX + 1)

/* For MHD_OPTION_NOTIFY_CONNECTION; called by the server's one thread. */
void connections_notify(void *ctx, struct MHD_Connection *connection,
			void **context,
			enum MHD_ConnectionNotificationCode code);

#endif /* MFR_CONNECTIONS_H */
