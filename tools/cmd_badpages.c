// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr badpages: list, save and restore the pages that are bad.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "hwpoison.h"
#include "json.h"
#include "machine.h"
#include "page_list.h"
#include "replace.h"
#include "size.h"

#define DEFAULT_FILE	"/var/lib/mfr/badpages"
#define MAX_FILE_BYTES	(64u << 20)

enum { KEY_FILE = 0x200, KEY_FOREIGN };

struct request {
	const char *verb;
	const char *file;
	bool foreign;
};

static int list_pages(const struct request *request)
{
	struct page_list list = { 0 };
	uint64_t unplaced_bytes;
	json_t *pages;
	size_t i;

	(void)request;
	if (hwpoison_find(&list, &unplaced_bytes)) {
		page_list_free(&list);
		return STATUS_UNKNOWN;
	}
	pages = json_make("[]");
	for (i = 0; i < list.n; i++)
		if (want_json)
			json_array_append_new(pages, json_make("{sI sI}",
				"address", (json_int_t)list.range[i].start,
				"length", (json_int_t)list.range[i].length));
		else
			printf("0x%" PRIx64 " %s\n", list.range[i].start,
			       size_text(list.range[i].length).text);
	if (want_json)
		json_print(json_make("{ss sO sI}", "schema", "mfr-badpages-1",
				     "pages", pages, "unplaced_bytes",
				     (json_int_t)unplaced_bytes));
	else if (unplaced_bytes)
		printf("%s more are lost in kept files that nobody maps: their addresses are not known\n",
		       size_text(unplaced_bytes).text);
	json_decref(pages);
	i = list.n || unplaced_bytes;
	page_list_free(&list);
	return i ? STATUS_PROBLEM : STATUS_FINE;
}

static int read_text(FILE *f, char **text, size_t *size)
{
	*text = malloc(MAX_FILE_BYTES);
	if (!*text)
		return -ENOMEM;
	*size = fread(*text, 1, MAX_FILE_BYTES, f);
	return ferror(f) ? -EIO : *size == MAX_FILE_BYTES ? -EFBIG : 0;
}

/* 0, or a negative errno after printing why; nothing is printed for -ENOENT. */
static int load(const char *path, struct page_list *list)
{
	FILE *f = fopen(path, "re");
	char why[128], *text = NULL;
	size_t size = 0;
	int err = f ? read_text(f, &text, &size) : -errno;

	if (err && err != -ENOENT)
		warnx("cannot read the list %s: %s", path, strerror(-err));
	if (!err) {
		err = page_list_parse(list, text, size, why);
		if (err)
			warnx("%s is not a list of bad pages: %s; move it away if it is of no use",
			      path, why);
	}
	free(text);
	if (f)
		fclose(f);
	return err;
}

/* A list for other memory would retire good pages and leave bad ones in use. */
static int check_machine(const struct request *request,
			 const struct machine *theirs,
			 const struct machine *ours)
{
	const char *what = NULL;

	if (strcmp(theirs->id, ours->id))
		what = "of another machine";
	else if (strcmp(theirs->blocks, ours->blocks))
		what = "of this machine with other memory in it";
	if (!what || request->foreign)
		return 0;
	warnx("%s is a list %s (it says '%s', blocks %s; here are '%s', blocks %s): move it away, or use --foreign if you know better",
	      request->file, what, theirs->id, theirs->blocks, ours->id,
	      ours->blocks);
	return -EXDEV;
}

/* Load the saved list; -ENOENT if there is none, -EXDEV if for other memory. */
static int load_ours(const struct request *request, struct page_list *list,
		     const struct machine *machine)
{
	int err = load(request->file, list);

	if (!err)
		err = check_machine(request, &list->machine, machine);
	return err;
}

static int write_list(const char *path, const struct page_list *list)
{
	struct replacement r;
	int err = replace_begin(&r, path, 0600);

	if (!err) {
		page_list_print(list, r.f);
		err = replace_end(&r);
	}
	if (err)
		warnx("cannot write the list %s: %s", path, strerror(-err));
	return err;
}

/* Saved pages stay on the list: a rebooted kernel does not mark them as bad. */
static int save_pages(const struct request *request)
{
	struct page_list list = { 0 };
	struct machine machine = { 0 };
	uint64_t unplaced_bytes;
	int err = machine_identify(&machine);

	if (!err)
		err = load_ours(request, &list, &machine);
	if (!err || err == -ENOENT)
		err = hwpoison_find(&list, &unplaced_bytes);
	list.machine = machine;
	if (!err)
		err = write_list(request->file, &list);
	if (!err)
		printf("%s are on the list %s\n",
		       size_text(page_list_bytes(&list)).text, request->file);
	if (!err && unplaced_bytes)
		warnx("%s in kept files that nobody maps are not on the list: save again once these files are closed",
		      size_text(unplaced_bytes).text);
	page_list_free(&list);
	return err ? STATUS_UNKNOWN :
	       unplaced_bytes ? STATUS_PROBLEM : STATUS_FINE;
}

/* True if the page is retired, else prints why; @go_on: try further pages. */
static bool retire(uint64_t address, bool *go_on)
{
	int err = hwpoison_retire(address);

	if (!err || err == -EHWPOISON)
		return true;
	*go_on = err != -ENOENT && err != -EACCES && err != -EPERM;
	if (err == -ENOENT)
		warnx("/sys/devices/system/memory/hard_offline_page is missing: the kernel needs CONFIG_MEMORY_FAILURE and CONFIG_MEMORY_HOTPLUG");
	else if (!*go_on)
		warnx("cannot take pages out of use: %s; run as root",
		      strerror(-err));
	else
		warnx("0x%" PRIx64 ": the kernel could not take this page out of use: %s; see its log for who has it",
		      address, strerror(-err));
	return false;
}

static int retire_all(const struct page_list *list)
{
	uint64_t at, failed = 0, bytes = page_list_bytes(list);
	bool go_on = true;
	size_t i;

	for (i = 0; i < list->n && go_on; i++)
		for (at = 0; at < list->range[i].length && go_on;
		     at += PAGE_LIST_BASE_BYTES)
			failed += !retire(list->range[i].start + at, &go_on);
	if (!go_on)
		return STATUS_UNKNOWN;
	failed *= PAGE_LIST_BASE_BYTES;
	printf("%s of %s are out of use\n", size_text(bytes - failed).text,
	       size_text(bytes).text);
	return failed ? STATUS_PROBLEM : STATUS_FINE;
}

static int restore_pages(const struct request *request)
{
	struct page_list list = { 0 };
	struct machine machine = { 0 };
	int status = STATUS_UNKNOWN, err = machine_identify(&machine);

	if (!err)
		err = load_ours(request, &list, &machine);
	if (err == -ENOENT) {
		printf("there is no list %s yet: nothing to restore\n",
		       request->file);
		status = STATUS_FINE;
	} else if (!err) {
		status = retire_all(&list);
	}
	page_list_free(&list);
	return status;
}

static const struct verb {
	const char *name;
	int (*run)(const struct request *request);
} verbs[] = {
	{ "list", list_pages },
	{ "save", save_pages },
	{ "restore", restore_pages },
};

#define N_VERBS	(sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < N_VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_FILE:
		request->file = arg;
		return 0;
	case KEY_FOREIGN:
		request->foreign = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->verb || !find_verb(arg))
			argp_error(state, "'%s': list, save or restore, once",
				   arg);
		request->verb = arg;
		return 0;
	case ARGP_KEY_END:
		if (!request->verb)
			argp_error(state, "list, save or restore?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ .name = "file", .key = KEY_FILE, .arg = "FILE",
	  .doc = "The list; " DEFAULT_FILE " by default" },
	{ .name = "foreign", .key = KEY_FOREIGN,
	  .doc = "Take a list although it is of another machine or other memory" },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.children = common_options,
	.args_doc = "list|save|restore",
	.doc = "Show the pages that are bad, write them to a list, or take "
	       "those of the list out of use again, as after a reboot."
	       "\vExit status: 0 done, or no bad pages; 1 there are bad pages "
	       "(list), or not all could be saved or restored; 2 it failed.",
};

int command_badpages(int argc, char **argv)
{
	struct request request = { .file = DEFAULT_FILE };

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	return find_verb(request.verb)->run(&request);
}
