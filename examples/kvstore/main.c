// SPDX-License-Identifier: MIT
/*
 * kvstore: an in-memory key-value store that survives memory errors.  An error
 * costs the records on one base page; the others are served, saved, and handed
 * over to the next version of the program.
 */
#define _GNU_SOURCE
#include <argp.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "commands.h"
#include "server.h"
#include "snapshot.h"
#include "successor.h"

const char *argp_program_version = "kvstore " VERSION;

struct settings {
	const char *socket;
	const char *snapshot;
	uint64_t bytes;
	uint64_t page_bytes;
	bool take_over;
};

enum { KEY_SIZE = 0x100, KEY_PAGE, KEY_SNAPSHOT, KEY_TAKE_OVER };

static const struct argp_option options[] = {
	{ "size", KEY_SIZE, "BYTES", 0,
	  "Memory for values; suffix K, M or G; 1G by default", 0 },
	{ "page", KEY_PAGE, "BYTES", 0,
	  "Size of its pages: 4K, or huge pages of 2M or 1G, the default", 0 },
	{ "snapshot", KEY_SNAPSHOT, "FILE", 0,
	  "Load FILE, if there is one; the command 'save' replaces it", 0 },
	{ "take-over", KEY_TAKE_OVER, NULL, 0,
	  "Take the memory, and SOCKET, from the server there", 0 },
	{ 0 }
};

static uint64_t parse_bytes(const char *text, struct argp_state *state)
{
	static const char suffixes[] = "KMG";
	const char *suffix;
	uint64_t bytes;
	char *end;

	bytes = strtoull(text, &end, 10);
	suffix = *end ? strchr(suffixes, *end) : NULL;
	if (*text < '1' || *text > '9' || bytes > 1ULL << 32 ||
	    (*end && (!suffix || end[1])))
		argp_error(state, "'%s' is not a size such as 512M", text);
	return suffix ? bytes << 10 * (suffix - suffixes + 1) : bytes;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case KEY_SIZE:
		s->bytes = parse_bytes(arg, state);
		break;
	case KEY_PAGE:
		s->page_bytes = parse_bytes(arg, state);
		break;
	case KEY_SNAPSHOT:
		s->snapshot = arg;
		break;
	case KEY_TAKE_OVER:
		s->take_over = true;
		break;
	case ARGP_KEY_ARG:
		if (s->socket || strlen(arg) > SOCKET_PATH_MAX)
			argp_error(state, "one SOCKET, of at most %d bytes",
				   SOCKET_PATH_MAX);
		s->socket = arg;
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which SOCKET?");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void log_line(void *arg, const char *line)
{
	(void)arg;
	warnx("%s", line);
}

/* Early kill: be notified of errors that a scrubber finds, before a read. */
static struct mfr_context *prepare(void)
{
	struct mfr_context *context;
	int error = mfr_context_create(NULL, &context);

	if (!error)
		error = mfr_context_set_log(context, log_line, NULL);
	if (!error)
		error = mfr_sigbus_install(context, 0);
	if (error)
		errx(1, "cannot handle memory errors: %s", strerror(-error));
	if (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0))
		warn("cannot ask for early notice of memory errors");
	return context;
}

static void __attribute__((noreturn))
fail_to_create(const struct settings *s, int error)
{
	const char *why = strerror(-error);

	if (error == -ENOMEM)
		why = "too few pages are free; reserve more in"
		      " /sys/kernel/mm/hugepages, or see --page";
	else if (error == -ENODEV)
		why = "this machine has no pages of this size; see --page";
	else if (error == -EINVAL)
		why = "the size is not a multiple of the page's";
	errx(1, "cannot get %lu bytes in pages of %lu: %s", s->bytes,
	     s->page_bytes, why);
}

static void create(const struct settings *s, struct mfr_context *context,
		   struct store *store)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .name = "kvstore", .bytes = s->bytes,
		.page_bytes = s->page_bytes,
		.flags = MFR_REGION_PREALLOC,
	};
	struct mfr_region *region;
	int error = mfr_region_create(context, &o, &region);

	if (error)
		fail_to_create(s, error);
	store_init(store, region);
	error = s->snapshot ? snapshot_load(store, s->snapshot) : -ENOENT;
	if (error == -EBADMSG)
		errx(1, "cannot load %s: it is no snapshot, or cut short",
		     s->snapshot);
	if (error && error != -ENOENT)
		errx(1, "cannot load %s: %s", s->snapshot, strerror(-error));
}

static void succeed(const struct settings *s, struct mfr_context *context,
		    struct store *store, int fd)
{
	int error = take_over(store, context, fd);

	if (error)
		server_cancel(s->socket);
	if (error)
		errx(1, "cannot take over from %s, which goes on: %s", s->socket,
		     strerror(-error));
	close(fd);
}

/* A successor takes the memory over last, after all that can fail. */
int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options, .parser = parse, .args_doc = "SOCKET",
		.doc = "Keep records in memory that survives memory errors, and"
		       " serve them at the unix socket SOCKET.\v" COMMANDS_HELP,
	};
	struct settings s = { .bytes = 1 << 30, .page_bytes = 1 << 30 };
	struct store store;
	struct server server = { .store = &store };
	sigset_t stops;
	int error, other;

	argp_parse(&argp, argc, argv, 0, NULL, &s);
	sigemptyset(&stops);
	sigaddset(&stops, SIGTERM);
	sigaddset(&stops, SIGINT);
	sigprocmask(SIG_BLOCK, &stops, NULL);
	signal(SIGPIPE, SIG_IGN);	/* whoever is connected can go */
	other = server_connect(s.socket);
	if (s.take_over && other < 0)
		errx(1, "cannot take over: no server at %s: %s", s.socket,
		     strerror(-other));
	if (!s.take_over && other >= 0)
		errx(1, "cannot listen at %s: another server does; see --take-over",
		     s.socket);
	server.snapshot = s.snapshot;
	server.context = prepare();
	if (!s.take_over)
		create(&s, server.context, &store);
	server.listener = server_listen(s.socket);
	if (server.listener < 0)
		errx(1, "cannot listen at %s: %s", s.socket,
		     strerror(-server.listener));
	if (s.take_over)
		succeed(&s, server.context, &store, other);
	error = server_publish(s.socket);
	if (error)
		warnx("cannot make %s: %s; this server is at %s.new", s.socket,
		      strerror(-error), s.socket);
	server_run(&server);
	unlink(s.socket);
	return 0;
}
