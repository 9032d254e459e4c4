// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/socket.h>

#include "connections.h"

static int open_fds[CONNECTIONS_LIMIT];	/* by age */
static size_t n_open;

static int fd_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection,
					MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

/* The server reads the end of that connection, and closes it. */
static void add(int fd)
{
	if (n_open < CONNECTIONS_LIMIT)
		open_fds[n_open++] = fd;
	if (n_open > CONNECTIONS_MAX)
		shutdown(open_fds[0], SHUT_RDWR);
}

static void drop(int fd)
{
	size_t i;

	for (i = 0; i < n_open && open_fds[i] != fd; i++)
		;
	if (i == n_open)
		return;
	n_open--;
	memmove(&open_fds[i], &open_fds[i + 1],
		(n_open - i) * sizeof(open_fds[0]));
}

void connections_notify(void *ctx, struct MHD_Connection *connection,
			void **context,
			enum MHD_ConnectionNotificationCode code)
{
	(void)ctx;
	(void)context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		add(fd_of(connection));
	else
		drop(fd_of(connection));
}
