/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subcommands of mfr, and the options that they share.
 */
#ifndef MFR_COMMAND_H
#define MFR_COMMAND_H

#include <argp.h>
#include <stdbool.h>

/* Exit status of every subcommand; argp's own errors are UNKNOWN as well. */
enum status {
	STATUS_FINE = 0,
	STATUS_PROBLEM = 1,
	STATUS_UNKNOWN = 2,
};

int command_status(int argc, char **argv);
int command_badpages(int argc, char **argv);
int command_check(int argc, char **argv);
int command_export(int argc, char **argv);
int command_inject(int argc, char **argv);
int command_run(int argc, char **argv);
int command_scan(int argc, char **argv);
int command_watch(int argc, char **argv);

/* True if --json was given; set by the parser of json_option. */
extern bool want_json;

/* What was done, a line; with --json on the standard error. */
void print_done(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Children for a subcommand's argp: --json, --root, or both. */
extern const struct argp_child json_option[];
extern const struct argp_child root_option[];
extern const struct argp_child common_options[];

#endif /* MFR_COMMAND_H */
