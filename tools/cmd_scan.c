// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr scan: control the scanner, the kernel module memscan.
 *
 * The kernel does the work and checks values; this file explains its refusals.
 * The scan of a node continues after mfr exits.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "coverage.h"
#include "follow.h"
#include "host.h"
#include "interrupt.h"
#include "json.h"
#include "plain.h"
#include "number.h"
#include "problems.h"
#include "range.h"
#include "root.h"
#include "scan_table.h"
#include "setting.h"
#include "size.h"

#define MAX_WORDS	8

enum { KEY_NODE = 0x200, KEY_WATCH, KEY_FILE };

struct request {
	const struct verb *verb;
	int node;		/* or ALL_NODES */
	bool watch;
	const char *file;	/* of save and restore */
	unsigned int n_words;	/* after the verb */
	char *word[MAX_WORDS];
	struct range range;	/* of the verb range */
};

/* What an operator can do about a check that refuses. */
static const char *advice_on(const struct scan_check *check)
{
	static const char *const advices[][2] = {
		{ "hypervisor",
		  "scan on its host; the module's parameter force=1 is for tests" },
		{ "machine checks",
		  "boot without mce=off" },
		{ "machine check recovery",
		  "a hit could stop this machine, so leave scanning off" },
		{ "confidential guest",
		  "scan on its host" },
		{ "vm.memory_failure_recovery",
		  "to allow it: sysctl vm.memory_failure_recovery=1" },
	};
	size_t i;

	for (i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (!strcmp(advices[i][0], check->name))
			return advices[i][1];
	return "docs/memscan.md describes the check";
}

static bool may_scan(const struct scanner *scanner)
{
	const struct scan_check *check = scanner_refusal(scanner);

	if (check)
		warnx("memscan refuses to scan this machine: %s: %s; %s",
		      plain_text(check->name).text,
		      plain_text(check->verdict).text, advice_on(check));
	return !check;
}

/* Read the scanner; false after printing why that failed. */
static bool find_scanner(const struct request *request,
			 struct scanner *scanner)
{
	scanner_read(scanner);
	if (scanner->err == -ENOENT)
		warnx("the module memscan is not loaded: modprobe memscan, as root; docs/memscan.md explains how to build it");
	else if (scanner->err)
		warnx("cannot read /sys/kernel/memscan: %s%s",
		      strerror(-scanner->err),
		      scanner->err == -EACCES ? "; run as root" : "");
	else if (request->node != ALL_NODES &&
		 !scanner_find(scanner, request->node))
		warnx("node %d has no scanner; mfr scan lists the nodes that have one",
		      request->node);
	else
		return true;
	scanner_free(scanner);
	return false;
}

static void print_text(const struct scanner *scanner,
		       const struct problems *problems)
{
	size_t i;

	scan_table_print(scanner);
	scan_table_print_details(scanner);
	if (scanner->unread.n)
		printf("\nNot known: %s: %s\n", scanner->unread.first,
		       strerror(-scanner->unread.err));
	puts(problems->n ? "\nTo do" : scanner->unread.n ?
	     "\nWhether all is well cannot be told" :
	     "\nNothing needs doing");
	for (i = 0; i < problems->n; i++)
		printf("  %s\n", problems->text[i]);
}

/* On one line, if lines of progress precede it. */
static void print_json(const struct scanner *scanner,
		       const struct problems *problems, bool line)
{
	(line ? json_print_line : json_print)(json_make("{ss so so}",
		"schema", "mfr-scan-1",
		"scanner", json_of_scanner(scanner),
		"problems", json_of_problems(problems)));
}

static int show_status(const struct request *request)
{
	struct problems problems = { 0 };
	struct scanner scanner;
	int status;

	if (!find_scanner(request, &scanner))
		return STATUS_UNKNOWN;
	problems_find_scanner(&problems, &scanner, 0);
	if (want_json)
		print_json(&scanner, &problems, request->watch);
	else
		print_text(&scanner, &problems);
	status = problems.n ? STATUS_PROBLEM :
		 scanner.unread.n ? STATUS_UNKNOWN : STATUS_FINE;
	problems_free(&problems);
	scanner_free(&scanner);
	return status;
}

/* Follow the passes under way of the selected nodes. */
static int watch_nodes(const struct request *request,
		       const struct scanner *before)
{
	struct followed *followed = calloc(before->n, sizeof(*followed));
	const struct scan *scan;
	int status = STATUS_UNKNOWN;
	size_t i, n = 0;

	for (i = 0; followed && i < before->n; i++) {
		scan = &before->node[i];
		if (scan->figure[SCAN_ENABLED] &&
		    (request->node == ALL_NODES || request->node == scan->node))
			followed[n++].before = scan;
	}
	if (n)
		status = follow(followed, n, true);
	else
		warnx("nothing is being scanned; mfr scan start starts the scanner");
	free(followed);
	return status;
}

static int watch_and_show(const struct request *request)
{
	struct scanner before;
	int status;

	if (!find_scanner(request, &before))
		return STATUS_UNKNOWN;
	status = watch_nodes(request, &before);
	scanner_free(&before);
	if (status == STATUS_UNKNOWN)
		return status;
	return show_status(request) == STATUS_UNKNOWN ? STATUS_UNKNOWN : status;
}

static int run_status(const struct request *request)
{
	return (request->watch ? watch_and_show : show_status)(request);
}

/* True for a node without CPUs, such as CXL memory: scanned only if named. */
static bool is_far(const struct scan *scan)
{
	FILE *f = root_fopen("/sys/devices/system/node/node%d/cpulist",
			     scan->node);
	bool far;

	if (!f)
		return false;
	far = fgetc(f) == '\n';
	fclose(f);
	return far;
}

/* Enable @node, or with ALL_NODES every node that is not far. */
static bool enable(const struct scanner *scanner, int node)
{
	const struct scan *scan;
	size_t i;

	if (node != ALL_NODES)
		return setting_apply(scanner, node, "enabled=1");
	for (i = 0; i < scanner->n; i++) {
		scan = &scanner->node[i];
		if (scan->figure[SCAN_ENABLED])
			continue;
		if (is_far(scan))
			warnx("node %d has no CPU and is left out: mfr scan start --node=%d scans it",
			      scan->node, scan->node);
		else if (!setting_apply(scanner, scan->node, "enabled=1"))
			return false;
	}
	return true;
}

/* Apply the settings, and then @enabled, to the selected nodes. */
static int apply(const struct request *request, const char *enabled)
{
	struct scanner scanner;
	unsigned int i;
	bool done;

	if (!find_scanner(request, &scanner))
		return STATUS_UNKNOWN;
	done = strcmp(enabled, "enabled=1") || may_scan(&scanner);
	for (i = 0; i < request->n_words && done; i++)
		done = setting_apply(&scanner, request->node,
				     request->word[i]);
	if (done && !strcmp(enabled, "enabled=1"))
		done = enable(&scanner, request->node);
	else if (done && *enabled)
		done = setting_apply(&scanner, request->node, enabled);
	scanner_free(&scanner);
	return done ? STATUS_FINE : STATUS_UNKNOWN;
}

static int run_start(const struct request *request)
{
	int status = apply(request, "enabled=1");

	if (!status && request->watch)
		return watch_and_show(request);
	if (!status)
		show_status(request);
	return status;
}

static int run_stop(const struct request *request)
{
	int status = apply(request, "enabled=0");

	if (!status)
		show_status(request);
	return status;
}

static int run_set(const struct request *request)
{
	int status = apply(request, "");

	if (!status)
		show_status(request);
	return status;
}

/* Of all nodes: one file for the machine. */
static int with_coverage(const struct request *request,
			 int (*act)(const struct scanner *scanner,
				    const char *path))
{
	struct scanner scanner;
	int err;

	if (!find_scanner(request, &scanner))
		return STATUS_UNKNOWN;
	err = act(&scanner, request->file);
	scanner_free(&scanner);
	return err ? STATUS_UNKNOWN : STATUS_FINE;
}

static int run_save(const struct request *request)
{
	return with_coverage(request, coverage_save);
}

static int run_restore(const struct request *request)
{
	return with_coverage(request, coverage_restore);
}

/* The pages that were reported and are not isolated; PROBLEM if there are any. */
static int run_pending(const struct request *request)
{
	json_t *pages = json_make("[]");
	uint64_t address;
	bool failed;
	FILE *f;
	int n = 0;

	(void)request;
	f = root_fopen("/sys/kernel/memscan/pending_pages");
	if (!f) {
		warn("cannot read /sys/kernel/memscan/pending_pages%s",
		     errno == EACCES ? " (run as root)" : "");
		json_decref(pages);
		return STATUS_UNKNOWN;
	}
	for (; fscanf(f, "%" SCNx64, &address) == 1; n++)
		if (want_json)
			json_array_append_new(pages,
					      json_integer((json_int_t)address));
		else
			printf("0x%" PRIx64 "\n", address);
	failed = ferror(f) || !feof(f);
	fclose(f);
	if (failed)
		warnx("cannot read all of /sys/kernel/memscan/pending_pages");
	if (want_json)
		json_print(json_make("{ss sO}", "schema", "mfr-scan-pending-1",
				     "pages", pages));
	json_decref(pages);
	return failed ? STATUS_UNKNOWN : n ? STATUS_PROBLEM : STATUS_FINE;
}

static int run_isolate(const struct request *request)
{
	char number[32];
	int err;

	snprintf(number, sizeof(number), "0x%" PRIx64, request->range.address);
	err = scanner_write("isolate", number);
	if (err == -EINVAL)
		warnx("%s is no page that was reported and is not isolated; mfr scan pending lists these",
		      number);
	else if (err == -EIO)
		warnx("the kernel could not isolate %s, see its log; try again, or move what runs there away and reboot",
		      number);
	else if (err == -EPERM)
		warnx("the kernel refuses to isolate pages; mfr scan shows why");
	else if (err == -EBUSY)
		warnx("%s is about to go offline; try again", number);
	else if (err)
		warnx("cannot write to /sys/kernel/memscan/isolate: %s%s",
		      strerror(-err), err == -EACCES ? "; run as root" : "");
	return err ? STATUS_UNKNOWN : STATUS_FINE;
}

static int run_range(const struct request *request)
{
	struct scanner scanner;
	int status = STATUS_UNKNOWN;

	if (!find_scanner(request, &scanner))
		return status;
	if (scanner.paused)
		warnx("the scanner is paused; to resume it: mfr scan set pause=0");
	else if (may_scan(&scanner))
		status = range_scan(&request->range);
	scanner_free(&scanner);
	return status;
}

/* The functions below return what is wrong with the words, or NULL. */
static const char *no_words(struct request *request)
{
	return request->n_words ? "takes no argument" : NULL;
}

static const char *no_words_of_all(struct request *request)
{
	return request->n_words ? "takes no argument" :
	       request->node != ALL_NODES ? "takes no --node: it is for all nodes" :
	       NULL;
}

static const char *setting_words(struct request *request)
{
	unsigned int i;

	for (i = 0; i < request->n_words; i++)
		if (!setting_is_known(request->word[i]))
			return "takes settings as NAME=VALUE: " SETTING_NAMES;
	return NULL;
}

static const char *some_settings(struct request *request)
{
	return request->n_words ? setting_words(request) :
	       "needs settings as NAME=VALUE: " SETTING_NAMES;
}

static const char *range_words(struct request *request)
{
	static const char cpu[] = "max_cpu_percent=";
	struct range *range = &request->range;

	*range = (struct range){ .max_cpu_percent = 100,
				 .watch = request->watch };
	if (request->n_words < 2 || request->n_words > 3)
		return "needs an ADDRESS and a SIZE";
	if (!size_parse(request->word[0], &range->address))
		return "needs a physical address first";
	if (!size_parse(request->word[1], &range->size) || !range->size)
		return "needs a size second: bytes, or with K, M, G or T";
	if (request->n_words == 3 &&
	    (strncmp(request->word[2], cpu, strlen(cpu)) ||
	     !number_parse(request->word[2] + strlen(cpu),
			   &range->max_cpu_percent)))
		return "takes no third word but max_cpu_percent=N";
	return request->node == ALL_NODES ? NULL :
	       "takes no --node: the address determines it";
}

static const char *address_word(struct request *request)
{
	if (request->n_words != 1 ||
	    !size_parse(request->word[0], &request->range.address))
		return "needs a physical address";
	return request->node == ALL_NODES ? NULL :
	       "takes no --node: the address determines it";
}

static const struct verb {
	const char *name;
	int (*run)(const struct request *request);
	const char *(*check_words)(struct request *request);
} verbs[] = {
	{ "status", run_status, no_words },
	{ "start", run_start, setting_words },
	{ "stop", run_stop, no_words },
	{ "set", run_set, some_settings },
	{ "range", run_range, range_words },
	{ "pending", run_pending, no_words_of_all },
	{ "isolate", run_isolate, address_word },
	{ "save", run_save, no_words_of_all },
	{ "restore", run_restore, no_words_of_all },
};

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static void add_word(struct request *request, char *word,
		     struct argp_state *state)
{
	if (!state->arg_num) {
		request->verb = find_verb(word);
		if (!request->verb)
			argp_error(state, "'%s': status, start, stop, set, range, pending, isolate, save or restore?",
				   word);
	} else if (request->n_words < MAX_WORDS) {
		request->word[request->n_words++] = word;
	} else {
		argp_error(state, "'%s' is one argument too many", word);
	}
}

static void check_words(struct request *request, struct argp_state *state)
{
	const char *wrong = request->verb->check_words(request);

	if (wrong)
		argp_error(state, "%s %s", request->verb->name, wrong);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;
	uint64_t node;

	switch (key) {
	case KEY_NODE:
		if (!number_parse(arg, &node) || node > INT_MAX)
			argp_error(state, "--node %s is not the number of a node",
				   arg);
		request->node = (int)node;
		return 0;
	case KEY_WATCH:
		request->watch = true;
		return 0;
	case KEY_FILE:
		request->file = arg;
		return 0;
	case ARGP_KEY_ARG:
		add_word(request, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_words(request, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ .name = "node", .key = KEY_NODE, .arg = "N",
	  .doc = "This node only; by default all, but start leaves out nodes without CPUs" },
	{ .name = "watch", .key = KEY_WATCH,
	  .doc = "Follow the pass under way until it ends" },
	{ .name = "file", .key = KEY_FILE, .arg = "FILE",
	  .doc = "Of save and restore; " COVERAGE_FILE " by default" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = common_options,
	.args_doc = "[status]\nstart [SETTING=VALUE]...\nstop\n"
		    "set SETTING=VALUE...\n"
		    "range ADDRESS SIZE [max_cpu_percent=N]\n"
		    "pending\nisolate ADDRESS\nsave\nrestore",
	.doc = "Show, start, stop or configure the scanner, which reads memory "
	       "to find errors before programs do; or scan a range of physical "
	       "addresses now; or list and isolate pages that were only "
	       "reported; or save and restore when each part of memory "
	       "was last read, as over a reboot."
	       "\vSettings: " SETTING_NAMES "."
	       "\n\nExit status: 0 success; 1 poison was found, or something "
	       "needs doing; 2 failure.",
};

int command_scan(int argc, char **argv)
{
	struct request request = {
		.verb = &verbs[0], .node = ALL_NODES, .file = COVERAGE_FILE,
	};

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	if (request.watch || request.verb->run == run_range)
		interrupt_catch();
	return request.verb->run(&request);
}
