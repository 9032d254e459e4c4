/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serve the metrics over HTTP, to this machine only.
 */
#ifndef MFR_LISTEN_H
#define MFR_LISTEN_H

/*
 * @where is "127.0.0.1:PORT", "[::1]:PORT" or "unix:PATH".  Serves /metrics,
 * read anew for each request, in the format that it accepts, until SIGINT or SIGTERM.  Returns an exit
 * status, after saying what failed.
 */
int listen_and_serve(const char *where);

#endif /* MFR_LISTEN_H */
