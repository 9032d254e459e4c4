// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options that the subcommands share.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "root.h"

enum { KEY_JSON = 0x100, KEY_ROOT };

bool want_json;

void print_done(const char *fmt, ...)
{
	FILE *f = want_json ? stderr : stdout;
	va_list ap;

	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fputc('\n', f);
}

/* A directory without both would pass for a host without any source. */
static void set_root(const char *dir, const struct argp_state *state)
{
	struct stat st;

	root_set(dir);
	if (stat(dir, &st))
		argp_failure(state, STATUS_UNKNOWN, errno, "--root %s", dir);
	else if (!S_ISDIR(st.st_mode))
		argp_failure(state, STATUS_UNKNOWN, ENOTDIR, "--root %s", dir);
	else if (access(root_path("/sys"), F_OK) &&
		 access(root_path("/proc"), F_OK))
		argp_failure(state, STATUS_UNKNOWN, 0,
			     "--root %s: neither sys nor proc is there", dir);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case KEY_JSON:
		want_json = true;
		return 0;
	case KEY_ROOT:
		set_root(arg, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option root_options[] = {
	{ .name = "root", .key = KEY_ROOT, .arg = "DIR",
	  .doc = "Read DIR/sys and DIR/proc instead of /sys and /proc" },
	{ 0 }
};

static const struct argp_option json_options[] = {
	{ .name = "json", .key = KEY_JSON,
	  .doc = "Print JSON; the manual page has the schema" },
	{ 0 }
};

static const struct argp root_argp = { root_options, parse, .doc = NULL };
static const struct argp json_argp = { json_options, parse, .doc = NULL };

const struct argp_child root_option[] = {
	{ .argp = &root_argp },
	{ 0 }
};

const struct argp_child json_option[] = {
	{ .argp = &json_argp },
	{ 0 }
};

const struct argp_child common_options[] = {
	{ .argp = &json_argp },
	{ .argp = &root_argp },
	{ 0 }
};
