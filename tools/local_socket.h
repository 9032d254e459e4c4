/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listening sockets that only this machine reaches.
 */
#ifndef MFR_LOCAL_SOCKET_H
#define MFR_LOCAL_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* For a unix socket: mode as the umask leaves it. */
#define MODE_BY_UMASK	((mode_t)-1)

struct local_socket {
	int fd;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un un;
	} address;
	socklen_t length;
	dev_t dev;		/* with the inode: the file of a unix socket */
	ino_t inode;
};

/* "127.0.0.1:PORT", "[::1]:PORT" or "unix:/PATH"; 0 or -EINVAL. */
int local_socket_parse(struct local_socket *socket, const char *where);

/*
 * Listen.  -EADDRINUSE if a server answers there; the file that a killed one
 * left is replaced.  0 or a negative errno.
 */
int local_socket_listen(struct local_socket *socket, mode_t mode);

/* Remove the file of a unix socket, unless another one is in its place. */
void local_socket_remove(const struct local_socket *socket);

#endif /* MFR_LOCAL_SOCKET_H */
