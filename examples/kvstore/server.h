/* SPDX-License-Identifier: MIT */
/* A unix socket, a thread for each of its clients, who take turns. */
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

/* A connection to the server at @path, or -errno. */
int server_connect(const char *path);

/* A socket, or -errno, that is @path.new until it becomes @path, or goes. */
int server_listen(const char *path);
int server_publish(const char *path);
void server_cancel(const char *path);

/*
 * Serve until SIGTERM or SIGINT, which the caller has blocked.  It does not
 * return if a successor has taken all, the path too.
 */
void server_run(struct server *server);

#endif /* SERVER_H */
