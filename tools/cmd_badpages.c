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
#include "plain.h"
#include "replace.h"
#include "restored.h"
#include "size.h"

#define DEFAULT_FILE	"/var/lib/mfr/badpages"
#define MAX_FILE_BYTES	(64u << 20)

#define MAX_BYTES	(64u << 20)

enum { KEY_FILE = 0x200, KEY_FOREIGN, KEY_MAX };

struct request {
	const char *verb;
	const char *file;
	bool foreign;
	uint64_t max_bytes;	/* that restore takes out of use */
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
	else if (machine_compare_blocks(theirs->blocks, ours->blocks) ==
		 BLOCKS_OTHER)
		what = "of this machine with other memory in it";
	if (!what || request->foreign)
		return 0;
	warnx("%s is a list %s (it says '%s', blocks %.99s; here are '%s', blocks %.99s): move it away, or use --foreign if you know better",
	      request->file, what, plain_text(theirs->id).text,
	      plain_text(theirs->blocks).text, plain_text(ours->id).text,
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
		err = page_list_print(list, r.f);
		if (err)
			replace_abandon(&r);
		else
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
	uint64_t unplaced_bytes = 0;
	int err = 0;

	/* Its -ENOENT would be taken for that of the list. */
	if (machine_identify(&machine))
		return STATUS_UNKNOWN;
	if (!replace_writes_through(request->file))
		err = load_ours(request, &list, &machine);
	if (!err || err == -ENOENT)
		err = hwpoison_find(&list, &unplaced_bytes);
	if (machine_compare_blocks(list.machine.blocks, machine.blocks) !=
	    BLOCKS_MISSING || strcmp(list.machine.id, machine.id))
		list.machine = machine;
	if (!err)
		err = write_list(request->file, &list);
	if (!err)
		print_done("%s are on the list %s",
		       size_text(page_list_bytes(&list)).text, request->file);
	if (!err && unplaced_bytes)
		warnx("%s in kept files that nobody maps are not on the list: save again once these files are closed",
		      size_text(unplaced_bytes).text);
	page_list_free(&list);
	return err ? STATUS_UNKNOWN :
	       unplaced_bytes ? STATUS_PROBLEM : STATUS_FINE;
}

/* The kernel says EHWPOISON of a page that it has flagged, used or not. */
static bool is_out_of_use(uint64_t address, int err)
{
	int used = hwpoison_is_used(address);

	if (!used || (used < 0 && !err))
		return true;
	if (used < 0)
		warnx("0x%" PRIx64 ": the kernel knows that this page is bad; whether it is out of use is not known: /proc/kpageflags: %s",
		      address, strerror(-used));
	else
		warnx("0x%" PRIx64 ": the kernel knows that this page is bad, but it is still in use: move what uses it away, or reboot and restore earlier",
		      address);
	return false;
}

/* True if the page is retired, else prints why; @go_on: try further pages. */
static bool retire(uint64_t address, bool *go_on)
{
	int err = hwpoison_retire(address);

	if (!err || err == -EHWPOISON)
		return is_out_of_use(address, err);
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

/* Returns how many of its pages could not be retired. */
static uint64_t retire_range(const struct page_range *range,
			     const struct machine *machine, bool *go_on)
{
	uint64_t at, address, failed = 0, absent = 0;

	for (at = 0; at < range->length && *go_on; at += PAGE_LIST_BASE_BYTES) {
		address = range->start + at;
		if (machine_has_block(machine->blocks, address))
			failed += !retire(address, go_on);
		else
			absent++;
	}
	if (absent)
		warnx("0x%" PRIx64 ": %s here are in a memory block that is not there: restore again once it is",
		      range->start,
		      size_text(absent * PAGE_LIST_BASE_BYTES).text);
	return failed + absent;
}

static int retire_all(const struct page_list *list,
		      const struct machine *machine)
{
	uint64_t failed = 0, bytes = page_list_bytes(list);
	bool go_on = true;
	size_t i;

	for (i = 0; i < list->n && go_on; i++)
		failed += retire_range(&list->range[i], machine, &go_on);
	if (!go_on)
		return STATUS_UNKNOWN;
	failed *= PAGE_LIST_BASE_BYTES;
	print_done("%s of %s are out of use", size_text(bytes - failed).text,
	       size_text(bytes).text);
	return failed ? STATUS_PROBLEM : STATUS_FINE;
}

static bool is_bounded(const struct request *request,
		       const struct page_list *list)
{
	uint64_t bytes = page_list_bytes(list);

	if (bytes <= request->max_bytes)
		return true;
	warnx("%s has %s, and --max is %s: nothing is taken out of use; find what is broken, or use a larger --max if that much is bad",
	      request->file, size_text(bytes).text,
	      size_text(request->max_bytes).text);
	return false;
}

static int restore_pages(const struct request *request)
{
	struct page_list list = { 0 };
	struct machine machine = { 0 };
	struct restored restored;
	int status = STATUS_UNKNOWN, err;

	if (machine_identify(&machine))
		return STATUS_UNKNOWN;
	err = load_ours(request, &list, &machine);
	if (err == -ENOENT) {
		print_done("there is no list %s yet: nothing to restore",
		       request->file);
		status = STATUS_FINE;
	} else if (!err && is_bounded(request, &list)) {
		restored_begin(&restored);
		status = retire_all(&list, &machine);
		restored_end(&restored);
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
	case KEY_MAX:
		if (!size_parse(arg, &request->max_bytes))
			argp_error(state, "--max %s is not a size: bytes, or a number with K, M, G or T",
				   arg);
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
	{ .name = "max", .key = KEY_MAX, .arg = "SIZE",
	  .doc = "Restore no list of more memory than that; 64M by default" },
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
	struct request request = {
		.file = DEFAULT_FILE, .max_bytes = MAX_BYTES,
	};

	argp_parse(&argp, argc, argv, 0, NULL, &request);
	return find_verb(request.verb)->run(&request);
}
