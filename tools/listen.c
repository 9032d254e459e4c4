// SPDX-License-Identifier: GPL-2.0-only
/*
 * GNU libmicrohttpd implements the protocol, with limits and timeouts.  One
 * thread of it answers requests in turn while we wait for a signal.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "accept.h"
#include "command.h"
#include "host.h"
#include "interrupt.h"
#include "listen.h"
#include "metrics.h"

#define MAX_CONNECTIONS		16u
#define IDLE_SECONDS		10u

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

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
static int parse_address(const char *where, union address *a, socklen_t *len)
{
	memset(a, 0, sizeof(*a));
	if (!strncmp(where, "127.0.0.1:", 10)) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		*len = sizeof(a->v4);
		return parse_port(where + 10, &a->v4.sin_port);
	}
	if (!strncmp(where, "[::1]:", 6)) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_addr = in6addr_loopback;
		*len = sizeof(a->v6);
		return parse_port(where + 6, &a->v6.sin6_port);
	}
	if (strncmp(where, "unix:/", 6) ||
	    strlen(where + 5) >= sizeof(a->un.sun_path))
		return -EINVAL;
	a->un.sun_family = AF_UNIX;
	strcpy(a->un.sun_path, where + 5);
	*len = sizeof(a->un);
	return 0;
}

/* A socket left by a killed process would make bind() fail. */
static void remove_stale(const union address *a)
{
	struct stat st;

	if (a->any.sa_family == AF_UNIX && !stat(a->un.sun_path, &st) &&
	    S_ISSOCK(st.st_mode))
		unlink(a->un.sun_path);
}

static int bind_socket(const union address *a, socklen_t len)
{
	int fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	remove_stale(a);
	if (bind(fd, &a->any, len) || listen(fd, MAX_CONNECTIONS)) {
		close(fd);
		return -1;
	}
	return fd;
}

static char *metrics_text(enum exposition_format format, size_t *size)
{
	char *text = NULL;
	struct host host;
	struct exposition to = {
		.f = open_memstream(&text, size), .format = format,
	};

	if (!to.f)
		return NULL;
	host_read(&host);
	metrics_print(&to, &host);
	host_free(&host);
	if (fclose(to.f)) {
		free(text);
		return NULL;
	}
	return text;
}

static enum MHD_Result respond(struct MHD_Connection *connection,
			       unsigned int status, const char *type,
			       struct MHD_Response *response)
{
	enum MHD_Result ret;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	ret = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result refuse(struct MHD_Connection *connection,
			      unsigned int status, const char *why)
{
	return respond(connection, status, "text/plain",
		       MHD_create_response_from_buffer(strlen(why),
			       (void *)(uintptr_t)why, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection,
			      const char *url, const char *method,
			      const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	enum exposition_format format;
	size_t size;
	char *text;

	(void)ctx, (void)version, (void)upload, (void)upload_size;
	(void)request;
	if (strcmp(method, MHD_HTTP_METHOD_GET) &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD))
		return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "GET only\n");
	if (strcmp(url, "/metrics"))
		return refuse(connection, MHD_HTTP_NOT_FOUND,
			      "the metrics are at /metrics\n");
	format = accept_format(MHD_lookup_connection_value(connection,
			MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT));
	text = metrics_text(format, &size);
	if (!text)
		return MHD_NO;
	return respond(connection, MHD_HTTP_OK, exposition_types[format],
		       MHD_create_response_from_buffer(size, text,
						       MHD_RESPMEM_MUST_FREE));
}

/* Signals are blocked before the daemon's thread starts: it must get none. */
static int serve(int fd)
{
	struct MHD_Daemon *daemon;

	interrupt_catch();
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
				  NULL, answer, NULL,
				  MHD_OPTION_LISTEN_SOCKET, fd,
				  MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
				  MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				  MHD_OPTION_END);
	if (!daemon) {
		warnx("cannot start the HTTP server");
		close(fd);
		return STATUS_UNKNOWN;
	}
	interrupt_await();
	MHD_stop_daemon(daemon);
	return STATUS_FINE;
}

int listen_and_serve(const char *where)
{
	union address a;
	socklen_t len;
	int fd, status;

	if (parse_address(where, &a, &len)) {
		warnx("--listen %s: use 127.0.0.1:PORT, [::1]:PORT or unix:/PATH; other addresses are not served, put a proxy with access control in front",
		      where);
		return STATUS_UNKNOWN;
	}
	fd = bind_socket(&a, len);
	if (fd < 0) {
		warn("cannot listen on %s", where);
		return STATUS_UNKNOWN;
	}
	status = serve(fd);
	remove_stale(&a);
	return status;
}
