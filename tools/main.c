// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr, the operator's command.  Subcommand NAME is in cmd_NAME.c.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "json.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	char *title;		/* what its own --help calls it */
	const char *summary;
} commands[] = {
	{ "status", command_status, "mfr status",
	  "what is lost, whose it was, what needs doing" },
	{ "watch", command_watch, "mfr watch",
	  "memory errors as they come" },
	{ "scan", command_scan, "mfr scan",
	  "read memory to find errors before programs do" },
	{ "export", command_export, "mfr export",
	  "figures for Prometheus" },
	{ "badpages", command_badpages, "mfr badpages",
	  "remember bad pages over a reboot" },
	{ "check", command_check, "mfr check",
	  "one line and an exit status, for cron and monitors" },
	{ "inject", command_inject, "mfr inject",
	  "make memory fail, for tests" },
	{ "run", command_run, "mfr run",
	  "a program whose huge pages outlive memory errors" },
};

#define N_COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *f)
{
	size_t i;

	fputs("Usage: mfr COMMAND [OPTION]...\n\n", f);
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(f, "  %-10s%s\n", commands[i].name,
			commands[i].summary);
	fputs("\nmfr COMMAND --help says more, as does the manual page mfr-COMMAND(8).\n"
	      "Exit status: 0 fine, 1 a problem was found, 2 could not tell.\n", f);
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

/*
 * A command that failed, or whose result is its status, has printed no JSON.
 * Events that mfr watch did not see are no lines.
 */
static void print_result(const struct command *command, int status)
{
	static const char *const words[] = { "fine", "problem", "unknown" };

	if (!want_json || json_printed() ||
	    (status == STATUS_FINE && command->run == command_watch))
		return;
	json_print_line(json_make("{ss ss}", "schema", "mfr-result-1",
				  "status", words[status]));
}

/* Lost output is an error. */
static int flush(int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	warn("cannot write to the standard output");
	return STATUS_UNKNOWN;
}

int main(int argc, char **argv)
{
	const struct command *command;
	int status;

	argp_err_exit_status = STATUS_UNKNOWN;
	if (argc < 2) {
		usage(stderr);
		return STATUS_UNKNOWN;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help")) {
		usage(stdout);
		return STATUS_FINE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("mfr " VERSION);
		return STATUS_FINE;
	}
	command = find(argv[1]);
	if (!command) {
		warnx("'%s' is not a command; mfr --help lists them", argv[1]);
		return STATUS_UNKNOWN;
	}
	argv[1] = command->title;
	status = command->run(argc - 1, argv + 1);
	print_result(command, status);
	return flush(status);
}
