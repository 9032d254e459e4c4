/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Serve the metrics over HTTP, to this machine only.
 */
#ifndef MFR_LISTEN_H
#define MFR_LISTEN_H

#include <sys/types.h>

/*
 * Serve /metrics at @where: "127.0.0.1:PORT", "[::1]:PORT" or "unix:/PATH".
 * The host is read again for each request and printed in the format that the
 * client accepts.  A unix socket gets @mode (local_socket.h).  Ends on SIGINT, SIGTERM or SIGHUP.  Returns an exit status,
 * after printing what failed.
 */
int listen_and_serve(const char *where, mode_t mode);

#endif /* MFR_LISTEN_H */
