// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr check: one line and an exit status, as node-problem-detector, Nagios
 * and cron expect.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "json.h"
#include "number.h"
#include "problems.h"
#include "program.h"

enum { KEY_TOLERATE = 0x200, KEY_MAX_AGE, KEY_PID };

struct options {
	struct limits limits;
	uint64_t pid;		/* 0: the host */
};

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

static void print_problems(const struct problems *problems)
{
	size_t i;

	for (i = 0; i < problems->n; i++)
		printf("%s%s", i ? "; " : "", problems->text[i]);
}

static void print_text(const struct host *host,
		       const struct problems *problems, enum status status)
{
	bool any = false;

	printf("%s: ", words[status]);
	print_problems(problems);
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
	struct options *options = state->input;
	struct limits *limits = &options->limits;

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
	case KEY_PID:
		if (!number_parse(arg, &options->pid) || !options->pid ||
		    options->pid > INT_MAX)
			argp_error(state, "--pid %s is not the number of a process",
				   arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_list[] = {
	{ .name = "tolerate", .key = KEY_TOLERATE, .arg = "BYTES",
	  .doc = "So much poisoned memory is no problem yet; 0 by default" },
	{ .name = "max-age", .key = KEY_MAX_AGE, .arg = "SECONDS",
	  .doc = "Memory that the scanner read so long ago is no problem yet; "
		 "17/8 of cycle_seconds by default" },
	{ .name = "pid", .key = KEY_PID, .arg = "PID",
	  .doc = "Instead of the host: would that program, such as QEMU, "
		 "survive an error in its huge pages?" },
	{ 0 }
};

static const struct argp argp = {
	.options = option_list,
	.parser = parse,
	.children = common_options,
	.doc = "Say in one line whether memory errors need attention."
	       "\vExit status: 0 fine, 1 a problem was found, "
	       "2 could not tell.",
};

static int check_host(const struct limits *limits)
{
	struct problems problems;
	enum status status;
	struct host host;

	host_read(&host);
	problems_find(&problems, &host, limits);
	status = problems.n ? STATUS_PROBLEM :
		 host_unknown(&host) ? STATUS_UNKNOWN : STATUS_FINE;
	(want_json ? print_json : print_text)(&host, &problems, status);
	problems_free(&problems);
	host_free(&host);
	return status;
}

static void print_program(const struct problems *problems, pid_t pid,
			  enum status status)
{
	if (want_json) {
		json_print(json_make("{ss si ss so}",
				     "schema", "mfr-check-program-1",
				     "pid", (int)pid, "status", words[status],
				     "problems", json_of_problems(problems)));
		return;
	}
	printf("%s: %d: ", words[status], pid);
	print_problems(problems);
	puts(problems->n ? "" : "its huge pages stay mapped after an error");
}

static const char *why_not(int err)
{
	switch (-err) {
	case ESRCH:
		return "there is none";
	case EPERM:
	case EACCES:
		return "permission denied; run as root";
	case ETIMEDOUT:
		return "the kernel waits for a server (FUSE, NFS) that does not answer; restart that server, or end the process";
	default:
		return strerror(-err);
	}
}

static int check_program(pid_t pid)
{
	struct problems problems = { 0 };
	struct kept kept = { 0 };
	int err = program_problems(&problems, &kept, pid);
	enum status status = problems.n ? STATUS_PROBLEM : STATUS_FINE;

	if (err) {
		warnx("cannot look at process %d: %s", pid, why_not(err));
		status = STATUS_UNKNOWN;
	} else {
		print_program(&problems, pid, status);
	}
	problems_free(&problems);
	kept_free(&kept);
	return status;
}

int command_check(int argc, char **argv)
{
	struct options options = { 0 };

	argp_parse(&argp, argc, argv, 0, NULL, &options);
	return options.pid ? check_program((pid_t)options.pid) :
	       check_host(&options.limits);
}
