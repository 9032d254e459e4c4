// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands between the source of a minivmm guest and its destination, once:
 *
 *	proxy FROM TO cut BYTES		pass so many bytes, then break both connections
 *	proxy FROM TO version		the stream is of another version
 *	proxy FROM TO forget		lost pages become pages of zeros
 *	proxy FROM TO lose OFFSET	the first page of each range from there on is lost
 *
 * FROM and TO are sockets; the first is created.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migrate.h"

static int source, destination;
static uint64_t left = UINT64_MAX;	/* bytes to pass */

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(1);
}

static void pass(const void *data, size_t bytes)
{
	size_t now = bytes < left ? bytes : left, at = 0;
	ssize_t sent;

	for (; at < now; at += sent) {
		sent = send(destination, (char *)data + at, now - at, MSG_NOSIGNAL);
		if (sent < 0)
			die("proxy: send");
	}
	left -= now;
	if (now < bytes)
		exit(0);
}

static void take(void *data, size_t bytes)
{
	if (recv(source, data, bytes, MSG_WAITALL) != (ssize_t)bytes)
		die("proxy: receive");
}

static void pass_memory(const struct stream_range *r)
{
	static char page[4096];
	uint64_t at;

	pass(r, sizeof(*r));
	for (at = 0; at < r->bytes; at += sizeof(page)) {
		take(page, sizeof(page));
		pass(page, sizeof(page));
	}
}

static void forget(struct stream_range *r)
{
	static const char zeros[4096];
	uint64_t at;

	r->kind = STREAM_MEMORY;
	pass(r, sizeof(*r));
	for (at = 0; at < r->bytes; at += sizeof(zeros))
		pass(zeros, sizeof(zeros));
}

static struct stream_range lose(const struct stream_range *r)
{
	const struct stream_range page = { STREAM_LOST, r->offset, 4096 };
	char bytes[4096];

	take(bytes, sizeof(bytes));
	pass(&page, sizeof(page));
	return (struct stream_range){
		STREAM_MEMORY, r->offset + page.bytes, r->bytes - page.bytes,
	};
}

static void pass_stream(const char *how, uint64_t offset)
{
	struct stream_head head;
	struct stream_range r = { 0 };
	struct cpu_state state;

	take(&head, sizeof(head));
	head.version += !strcmp(how, "version");
	pass(&head, sizeof(head));
	while (r.offset + r.bytes < head.ram_bytes) {
		take(&r, sizeof(r));
		if (r.offset >= offset && !strcmp(how, "lose"))
			r = lose(&r);
		if (r.kind == STREAM_MEMORY)
			pass_memory(&r);
		else if (!strcmp(how, "forget"))
			forget(&r);
		else
			pass(&r, sizeof(r));
	}
	take(&state, sizeof(state));
	pass(&state, sizeof(state));
}

/* Each way until it is closed: the destination's word, then the source's. */
static void pass_words(void)
{
	char word[16];
	ssize_t bytes = recv(destination, word, sizeof(word), 0);

	if (bytes > 0 && send(source, word, bytes, MSG_NOSIGNAL) == bytes)
		bytes = recv(source, word, sizeof(word), 0);
	if (bytes > 0)
		pass(word, bytes);
}

int main(int argc, char **argv)
{
	struct sockaddr_un from = { .sun_family = AF_UNIX }, to = from;
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	uint64_t number;

	if (argc < 4)
		return 2;
	number = argc > 4 ? strtoull(argv[4], NULL, 0) : 0;
	snprintf(from.sun_path, sizeof(from.sun_path), "%s", argv[1]);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", argv[2]);
	if (!strcmp(argv[3], "cut"))
		left = number;
	if (bind(listener, (void *)&from, sizeof(from)) || listen(listener, 1))
		die("proxy: listen");
	source = accept(listener, NULL, NULL);
	destination = socket(AF_UNIX, SOCK_STREAM, 0);
	if (source < 0 || connect(destination, (void *)&to, sizeof(to)))
		die("proxy: connect");
	unlink(argv[1]);
	pass_stream(argv[3], number);
	pass_words();
	return 0;
}
