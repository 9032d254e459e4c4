// SPDX-License-Identifier: GPL-2.0-only
/*
 * The options that the subcommands share.
 */
#include "command.h"
#include "root.h"

enum { KEY_JSON = 0x100, KEY_ROOT };

bool want_json;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	switch (key) {
	case KEY_JSON:
		want_json = true;
		return 0;
	case KEY_ROOT:
		root_set(arg);
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
