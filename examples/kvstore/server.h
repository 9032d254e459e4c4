/* SPDX-License-Identifier: MIT */
/* A unix socket with one thread per client; one command runs at a time. */
#ifndef SERVER_H
#define SERVER_H

#include "store.h"

#define SOCKET_PATH_MAX	100

struct server {
	struct store *store;
	struct mfr_context *context;
	const char *snapshot;		/* or NULL */
	int listener;
};

/* Returns a socket connected to the server at @path, or -errno. */
int server_connect(const char *path);

/*
 * Returns a listening socket at @path.new, or -errno.  server_publish() renames
 * it to @path; server_cancel() removes it.
 */
int server_listen(const char *path);
int server_publish(const char *path);
void server_cancel(const char *path);

/*
 * Serve until SIGTERM or SIGINT, which the caller must have blocked.  Does not
 * return once a successor has taken over, which includes the path.
 */
void server_run(struct server *server);

#endif /* SERVER_H */
