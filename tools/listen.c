// SPDX-License-Identifier: GPL-2.0-only
/*
 * GNU libmicrohttpd implements the protocol, with limits and timeouts.  One
 * thread of it answers requests in turn while we wait for a signal.
 */
#include <err.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept.h"
#include "command.h"
#include "connections.h"
#include "host.h"
#include "interrupt.h"
#include "listen.h"
#include "local_socket.h"
#include "metrics.h"

#define IDLE_SECONDS		10u

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

/*
 * Signals are blocked before the daemon's thread starts: it must get none.  The
 * file is removed while our socket has its inode, so it is surely ours.
 */
static int serve(const struct local_socket *socket)
{
	struct MHD_Daemon *daemon;

	interrupt_catch();
	daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
				  NULL, answer, NULL,
				  MHD_OPTION_LISTEN_SOCKET, socket->fd,
				  MHD_OPTION_CONNECTION_LIMIT,
				  CONNECTIONS_LIMIT,
				  MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
				  MHD_OPTION_NOTIFY_CONNECTION,
				  connections_notify, NULL,
				  MHD_OPTION_END);
	if (daemon)
		interrupt_await();
	else
		warnx("cannot start the HTTP server");
	local_socket_remove(socket);
	if (daemon)
		MHD_stop_daemon(daemon);
	else
		close(socket->fd);
	return daemon ? STATUS_FINE : STATUS_UNKNOWN;
}

int listen_and_serve(const char *where, mode_t mode)
{
	struct local_socket socket;
	int err;

	if (local_socket_parse(&socket, where)) {
		warnx("--listen %s: use 127.0.0.1:PORT, [::1]:PORT or unix:/PATH; other addresses are not served, put a proxy with access control in front",
		      where);
		return STATUS_UNKNOWN;
	}
	err = local_socket_listen(&socket, mode);
	if (!err)
		return serve(&socket);
	warnx("cannot listen on %s: %s%s", where, strerror(-err),
	      err == -EADDRINUSE ? "; is another mfr export running there?" :
	      "");
	return STATUS_UNKNOWN;
}
