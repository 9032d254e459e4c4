// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr export: metrics for Prometheus, on the standard output, as a textfile
 * for node_exporter, or over HTTP.
 */
#include <err.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "listen.h"
#include "metrics.h"
#include "replace.h"

enum { KEY_FILE = 0x200, KEY_LISTEN, KEY_OPENMETRICS };

struct destination {
	const char *file;
	const char *where;
	enum exposition_format format;
};

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
	case KEY_OPENMETRICS:
		to->format = OPENMETRICS;
		return 0;
	case ARGP_KEY_END:
		if (!!to->file + !!to->where + (to->format == OPENMETRICS) > 1)
			argp_error(state, "--file, --listen and --openmetrics exclude each other");
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
	struct destination to = { 0 };
	struct host host;
	int err = 0;

	argp_parse(&argp, argc, argv, 0, NULL, &to);
	if (to.where)
		return listen_and_serve(to.where);
	host_read(&host);
	if (to.file)
		err = write_file(to.file, &host);
	else
		metrics_print(&(struct exposition){ stdout, to.format }, &host);
	if (host_unknown(&host)) {
		warnx("this kernel tells nothing of memory errors: it needs CONFIG_MEMORY_FAILURE");
		err = -1;
	}
	host_free(&host);
	return err ? STATUS_UNKNOWN : STATUS_FINE;
}
