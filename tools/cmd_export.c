// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr export: metrics for Prometheus, on the standard output, as a textfile
 * for node_exporter, or over HTTP.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "listen.h"
#include "local_socket.h"
#include "metrics.h"
#include "replace.h"

enum { KEY_FILE = 0x200, KEY_LISTEN, KEY_MODE, KEY_OPENMETRICS };

struct destination {
	const char *file;
	const char *where;
	mode_t mode;		/* of a unix socket */
	enum exposition_format format;
};

/* Octal, as chmod(1) has it. */
static void parse_mode(const char *text, mode_t *mode,
		       struct argp_state *state)
{
	char *end;
	unsigned long value = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || value > 0777)
		argp_error(state, "--mode %s is not an octal mode up to 777",
			   text);
	*mode = (mode_t)value;
}

static void check_options(const struct destination *to,
			  struct argp_state *state)
{
	if (!!to->file + !!to->where + (to->format == OPENMETRICS) > 1)
		argp_error(state, "--file, --listen and --openmetrics exclude each other");
	if (to->mode != MODE_BY_UMASK &&
	    (!to->where || strncmp(to->where, "unix:", 5)))
		argp_error(state, "--mode is for --listen unix:/PATH alone");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct destination *to = state->input;

	switch (key) {
	case KEY_FILE:
		to->file = arg;
		return 0;
	case KEY_LISTEN:
		to->where = arg;
		return 0;
	case KEY_MODE:
		parse_mode(arg, &to->mode, state);
		return 0;
	case KEY_OPENMETRICS:
		to->format = OPENMETRICS;
		return 0;
	case ARGP_KEY_END:
		check_options(to, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ .name = "file", .key = KEY_FILE, .arg = "FILE",
	  .doc = "Replace FILE at once; for node_exporter's textfile collector it must end in .prom" },
	{ .name = "listen", .key = KEY_LISTEN, .arg = "ADDRESS",
	  .doc = "Serve /metrics at 127.0.0.1:PORT, [::1]:PORT or unix:/PATH until ended" },
	{ .name = "mode", .key = KEY_MODE, .arg = "OCTAL",
	  .doc = "Mode of the unix socket; who may write to it may connect" },
	{ .name = "openmetrics", .key = KEY_OPENMETRICS,
	  .doc = "Print the format OpenMetrics; with --listen the client chooses" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = root_option,
	.doc = "Print figures of memory errors as Prometheus reads them."
	       "\vExit status: 0 done, 2 could not write, listen, or tell "
	       "whether there are errors.",
};

static int write_file(const char *path, const struct host *host)
{
	struct replacement r;
	int err = replace_begin(&r, path, 0644);

	if (!err) {
		metrics_print(&(struct exposition){ .f = r.f }, host);
		err = replace_end(&r);
	}
	if (err)
		warnx("cannot replace %s: %s", path, strerror(-err));
	return err;
}

int command_export(int argc, char **argv)
{
	struct destination to = { .mode = MODE_BY_UMASK };
	struct host host;
	int err = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &to);
	if (to.where)
		return listen_and_serve(to.where, to.mode);
	host_read(&host);
	if (to.file)
		err = write_file(to.file, &host);
	else
		metrics_print(&(struct exposition){ stdout, to.format }, &host);
	if (host_unknown(&host)) {
		warnx("not all sources of errors could be read: mfr_source_missing names them, mfr status says why");
		err = -1;
	}
	host_free(&host);
	return err ? STATUS_UNKNOWN : STATUS_FINE;
}
