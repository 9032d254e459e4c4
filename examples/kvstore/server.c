// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "server.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "commands.h"
#include "successor.h"

#define LINE_BYTES_MAX	(VALUE_BYTES_MAX + KEY_BYTES_MAX + 16)

/* Held while the store is used. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static struct sockaddr_un address_of(const char *path, const char *suffix)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", path, suffix);
	return address;
}

int server_connect(const char *path)
{
	struct sockaddr_un address = address_of(path, "");
	int err, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !connect(fd, (void *)&address, sizeof(address)))
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

/* umask(): only the owner can connect, from the moment of bind(). */
int server_listen(const char *path)
{
	struct sockaddr_un address = address_of(path, ".new");
	int err = 0, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	mode_t before = umask(0177);

	unlink(address.sun_path);
	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) ||
	    listen(fd, SOMAXCONN))
		err = -errno;
	umask(before);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

int server_publish(const char *path)
{
	return rename(address_of(path, ".new").sun_path, path) ? -errno : 0;
}

void server_cancel(const char *path)
{
	unlink(address_of(path, ".new").sun_path);
}

struct client {
	struct server *server;
	int fd;
};

/* Once the memory is handed over, keep @turn until the process has ended. */
static void hand_over_to(struct client *c)
{
	int err;

	pthread_mutex_lock(&turn);
	err = hand_over(c->server->store, c->fd);
	if (!err)
		_exit(0);
	pthread_mutex_unlock(&turn);
	warnx("a successor failed, so this server goes on: %s", strerror(-err));
}

/* Send without holding @turn: the client may be slow to read. */
static bool answer(struct client *c, char *line)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	bool sent;

	if (!out)
		return false;
	pthread_mutex_lock(&turn);
	command_run(c->server->store, c->server->snapshot, line, out);
	pthread_mutex_unlock(&turn);
	fclose(out);
	sent = send(c->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
	free(text);
	return sent;
}

/* The next line, without newline; NULL: the end, too long, or not text. */
static char *next_line(FILE *in, char *line)
{
	char *end;

	if (!fgets(line, LINE_BYTES_MAX, in))
		return NULL;
	end = strchr(line, '\n');
	if (!end)
		return NULL;
	*end = '\0';
	return line;
}

static void *serve(void *client)
{
	struct client *c = client;
	FILE *in = fdopen(c->fd, "r");
	char *buffer = malloc(LINE_BYTES_MAX), *line;

	while (in && buffer && (line = next_line(in, buffer))) {
		if (!strcmp(line, "hand-over"))
			hand_over_to(c);
		else if (answer(c, line))
			continue;
		break;
	}
	if (in)
		fclose(in);
	else
		close(c->fd);
	free(buffer);
	free(c);
	return NULL;
}

static void welcome(struct server *s)
{
	struct client *c = malloc(sizeof(*c));
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	pthread_t thread;

	if (c && fd >= 0) {
		*c = (struct client){ s, fd };
		if (!pthread_create(&thread, NULL, serve, c)) {
			pthread_detach(thread);
			return;
		}
	}
	free(c);
	if (fd >= 0)
		close(fd);
}

struct loss {
	struct mfr_range range;
	uint64_t records;
};

static void count_if_within(const struct record *r, void *arg)
{
	struct loss *loss = arg;

	if (r->offset < loss->range.offset + loss->range.length &&
	    loss->range.offset < r->offset + r->length)
		loss->records++;
}

/* Messages for people only: the ledger and the command "lost" list losses. */
static void report(struct server *s, const struct mfr_event *event)
{
	struct loss loss = { .range = event->range };

	if (event->flags & MFR_EVENT_OVERFLOW)
		warnx("more errors came than could be told one by one");
	if (event->flags & (MFR_EVENT_OVERFLOW | MFR_EVENT_KNOWN))
		return;
	pthread_mutex_lock(&turn);
	store_each(s->store, count_if_within, &loss);
	pthread_mutex_unlock(&turn);
	warnx("memory error: %" PRIu64 " bytes at %" PRIu64 " are lost, and %"
	      PRIu64 " records with them%s", event->range.length,
	      event->range.offset, loss.records,
	      event->flags & MFR_EVENT_ACTION_REQUIRED ? "" :
	      "; nobody had read them");
}

static volatile sig_atomic_t told_to_stop;

static void stop(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

void server_run(struct server *server)
{
	struct sigaction action = { .sa_handler = stop };
	struct pollfd fds[] = {
		{ .fd = server->listener, .events = POLLIN },
		{ .fd = mfr_event_fd(server->context), .events = POLLIN },
	};
	struct mfr_event event = { .size = sizeof(event) };
	sigset_t none;

	sigemptyset(&none);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while (!told_to_stop) {
		if (ppoll(fds, 2, NULL, &none) < 0)
			continue;
		if (fds[0].revents)
			welcome(server);
		while (mfr_event_next(server->context, &event) == 1)
			report(server, &event);
	}
	pthread_mutex_lock(&turn);	/* wait for a command to end */
}
