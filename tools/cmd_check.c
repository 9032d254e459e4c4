// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr check: one line and an exit status, as node-problem-detector, Nagios
 * and cron expect.
 */
#include <stdio.h>

#include "command.h"
#include "host.h"
#include "json.h"
#include "number.h"
#include "problems.h"

enum { KEY_TOLERATE = 0x200, KEY_MAX_AGE };

static const char *const words[] = {
	[STATUS_FINE] = "fine",
	[STATUS_PROBLEM] = "problem",
	[STATUS_UNKNOWN] = "unknown",
};

static void print_cause(const char *source, const char *why, void *arg)
{
	bool *any = arg;

	printf("%s%s: %s", *any ? "; " : "", source, why);
	*any = true;
}

static void print_text(const struct host *host,
		       const struct problems *problems, enum status status)
{
	bool any = false;
	size_t i;

	printf("%s: ", words[status]);
	for (i = 0; i < problems->n; i++)
		printf("%s%s", i ? "; " : "", problems->text[i]);
	if (status == STATUS_UNKNOWN)
		host_missing(host, print_cause, &any);
	else if (status == STATUS_FINE)
		printf("no memory error needs attention");
	putchar('\n');
}

static void print_json(const struct host *host,
		       const struct problems *problems, enum status status)
{
	json_print(json_make("{ss ss so so}", "schema", "mfr-check-1",
			     "status", words[status],
			     "problems", json_of_problems(problems),
			     "missing", json_of_missing(host)));
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct limits *limits = state->input;

	switch (key) {
	case KEY_TOLERATE:
		if (!number_parse(arg, &limits->poisoned_bytes))
			argp_error(state, "--tolerate %s is not a number of bytes",
				   arg);
		return 0;
	case KEY_MAX_AGE:
		if (!number_parse(arg, &limits->max_age_seconds) ||
		    !limits->max_age_seconds)
			argp_error(state, "--max-age %s is not a number of seconds above 0",
				   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ .name = "tolerate", .key = KEY_TOLERATE, .arg = "BYTES",
	  .doc = "So much poisoned memory is no problem yet; 0 by default" },
	{ .name = "max-age", .key = KEY_MAX_AGE, .arg = "SECONDS",
	  .doc = "Memory that the scanner read so long ago is no problem yet; "
		 "17/8 of cycle_seconds by default" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = common_options,
	.doc = "Say in one line whether memory errors need attention."
	       "\vExit status: 0 fine, 1 a problem was found, "
	       "2 could not tell.",
};

int command_check(int argc, char **argv)
{
	struct limits limits = { 0 };
	struct problems problems;
	enum status status;
	struct host host;

	argp_parse(&argp, argc, argv, 0, NULL, &limits);
	host_read(&host);
	problems_find(&problems, &host, &limits);
	status = problems.n ? STATUS_PROBLEM :
		 host_unknown(&host) ? STATUS_UNKNOWN : STATUS_FINE;
	(want_json ? print_json : print_text)(&host, &problems, status);
	problems_free(&problems);
	host_free(&host);
	return status;
}
