// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local_socket.h"

#define BACKLOG		128

static int parse_port(const char *text, in_port_t *port)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || !n || n > 65535)
		return -EINVAL;
	*port = htons((in_port_t)n);
	return 0;
}

/* Loopback only: who lost which memory is not for other machines to read. */
int local_socket_parse(struct local_socket *s, const char *where)
{
	*s = (struct local_socket){ .fd = -1 };
	if (!strncmp(where, "127.0.0.1:", 10)) {
		s->address.v4.sin_family = AF_INET;
		s->address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		s->length = sizeof(s->address.v4);
		return parse_port(where + 10, &s->address.v4.sin_port);
	}
	if (!strncmp(where, "[::1]:", 6)) {
		s->address.v6.sin6_family = AF_INET6;
		s->address.v6.sin6_addr = in6addr_loopback;
		s->length = sizeof(s->address.v6);
		return parse_port(where + 6, &s->address.v6.sin6_port);
	}
	if (strncmp(where, "unix:/", 6) ||
	    strlen(where + 5) >= sizeof(s->address.un.sun_path))
		return -EINVAL;
	s->address.un.sun_family = AF_UNIX;
	strcpy(s->address.un.sun_path, where + 5);
	s->length = sizeof(s->address.un);
	return 0;
}

/*
 * True if the socket's file is one that a killed server left: nobody listens.
 * A full queue (EAGAIN), and what we may not connect to, is another server's.
 */
static bool is_stale(const struct local_socket *s)
{
	struct stat st;
	bool stale;
	int fd;

	if (lstat(s->address.un.sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	stale = connect(fd, &s->address.any, s->length) &&
		errno == ECONNREFUSED;
	close(fd);
	return stale;
}

/* The mode is there from the start: nobody connects before it is set. */
static int bind_with_mode(const struct local_socket *s, mode_t mode)
{
	mode_t old = mode == MODE_BY_UMASK ? 0 : umask(~mode & 0777);
	int err = bind(s->fd, &s->address.any, s->length) ? -errno : 0;

	if (mode != MODE_BY_UMASK)
		umask(old);
	return err;
}

static int bind_unix(struct local_socket *s, mode_t mode)
{
	int err = bind_with_mode(s, mode);
	struct stat st;

	if (err == -EADDRINUSE && is_stale(s) &&
	    !unlink(s->address.un.sun_path))
		err = bind_with_mode(s, mode);
	if (!err && lstat(s->address.un.sun_path, &st))
		err = -errno;
	if (!err) {
		s->dev = st.st_dev;
		s->inode = st.st_ino;
	}
	return err;
}

int local_socket_listen(struct local_socket *s, mode_t mode)
{
	int one = 1, err;

	s->fd = socket(s->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC,
		       0);
	if (s->fd < 0)
		return -errno;
	if (s->address.any.sa_family == AF_UNIX) {
		err = bind_unix(s, mode);
	} else {
		setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one,
			   sizeof(one));
		err = bind(s->fd, &s->address.any, s->length) ? -errno : 0;
	}
	if (!err && listen(s->fd, BACKLOG))
		err = -errno;
	if (err)
		close(s->fd);
	return err;
}

void local_socket_remove(const struct local_socket *s)
{
	struct stat st;

	if (s->address.any.sa_family == AF_UNIX &&
	    !lstat(s->address.un.sun_path, &st) &&
	    st.st_dev == s->dev && st.st_ino == s->inode)
		unlink(s->address.un.sun_path);
}
