/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serve the metrics over HTTP, to this machine only.
 */
#ifndef MFR_LISTEN_H
#define MFR_LISTEN_H

/*
 * Serve /metrics at @where: "127.0.0.1:PORT", "[::1]:PORT" or "unix:/PATH".
 * The host is read again for each request and printed in the format that the
 * client accepts.  Ends on SIGINT, SIGTERM or SIGHUP.  Returns an exit status,
 * after printing what failed.
 */
int listen_and_serve(const char *where);

#endif /* MFR_LISTEN_H */
