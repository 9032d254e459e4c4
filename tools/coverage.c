// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "coverage.h"
#include "machine.h"
#include "replace.h"
#include "root.h"
#include "scanner.h"

#define HEADER		"mfr-coverage 1\nmachine %s\nblocks %s\n"
/* A page for each node, at most */
#define NODE_BYTES	4096u
#define MAX_FILE_BYTES	(4u << 20)

/* Text that was read from @begin on. */
struct saved {
	char *text;
	const char *at;
	size_t left;
};

/*
 * Restoring
 */

/* What is wrong with it, or NULL; advances @saved. */
static const char *skip_header(struct saved *saved)
{
	struct machine machine = { 0 };
	char ours[sizeof(machine) + sizeof(HEADER)];
	size_t n;

	if (machine_identify(&machine))
		return "of a machine that cannot be identified";
	n = (size_t)snprintf(ours, sizeof(ours), HEADER, machine.id,
			     machine.blocks);
	if (saved->left < n || memcmp(saved->at, ours, n))
		return "not of this machine with the memory that it has now";
	saved->at += n;
	saved->left -= n;
	return NULL;
}

/* The next node and its text; false at the end, or where it is damaged. */
static bool next_node(struct saved *saved, int *node, char text[NODE_BYTES])
{
	size_t n, begin;
	int used = 0;

	if (sscanf(saved->at, "node %d %zu%n", node, &n, &used) != 2 ||
	    saved->at[used] != '\n' || n >= NODE_BYTES)
		return false;
	begin = (size_t)used + 1;
	if (saved->left < begin + n)
		return false;
	memcpy(text, saved->at + begin, n);
	text[n] = '\0';
	saved->at += begin + n;
	saved->left -= begin + n;
	return true;
}

static const char *check(struct saved saved)
{
	const char *wrong = skip_header(&saved);
	char text[NODE_BYTES], end[32];
	size_t nodes = 0;
	int node;

	if (wrong)
		return wrong;
	while (next_node(&saved, &node, text))
		nodes++;
	snprintf(end, sizeof(end), "end %zu\n", nodes);
	return strcmp(saved.at, end) || strlen(end) != saved.left ?
	       "damaged or cut short" : NULL;
}

static int restore_node(const struct scanner *scanner, int node,
			const char *text)
{
	const struct scan *scan = node < 0 ? NULL : scanner_find(scanner, node);
	char file[64];
	int err = -ENODEV;

	if (scan) {
		snprintf(file, sizeof(file), "%s/coverage", scan->name);
		err = scanner_write(file, text);
	}
	if (err)
		warnx("node %d: cannot restore the coverage: %s", node,
		      err == -EINVAL ?
		      "its memory, its parts or the clock are not as they were" :
		      err == -ENODEV ? "the node is not there" : strerror(-err));
	return err;
}

static int restore(const struct scanner *scanner, struct saved *saved)
{
	char text[NODE_BYTES];
	int node, err = 0;

	skip_header(saved);
	while (next_node(saved, &node, text))
		err = restore_node(scanner, node, text) ?: err;
	return err;
}

/* 0 or a negative errno.  A NUL ends the text, and what follows is damage. */
static int read_file(const char *path, struct saved *saved)
{
	FILE *f = fopen(path, "re");
	int err = 0;

	*saved = (struct saved){ .text = calloc(1, MAX_FILE_BYTES + 1) };
	if (!f || !saved->text)
		err = -errno;
	if (!err)
		saved->left = fread(saved->text, 1, MAX_FILE_BYTES, f);
	if (!err && (ferror(f) || saved->left == MAX_FILE_BYTES))
		err = ferror(f) ? -EIO : -EFBIG;
	saved->at = saved->text;
	if (f)
		fclose(f);
	return err;
}

int coverage_restore(const struct scanner *scanner, const char *path)
{
	const char *wrong;
	struct saved saved;
	int err = read_file(path, &saved);

	if (err == -ENOENT) {
		print_done("there is no %s yet: nothing to restore", path);
		err = 0;
	} else if (err) {
		warnx("cannot read %s: %s", path, strerror(-err));
	} else {
		wrong = check(saved);
		if (wrong)
			warnx("%s is %s: move it away; until a pass has ended, memory counts as not read since its node was enabled",
			      path, wrong);
		err = wrong ? -EINVAL : restore(scanner, &saved);
	}
	free(saved.text);
	return err;
}

/*
 * Saving
 */

static int read_node(const struct scan *scan, char text[NODE_BYTES])
{
	FILE *f = root_fopen("/sys/kernel/memscan/%s/coverage", scan->name);
	size_t n;
	int err;

	if (!f)
		return -errno;
	n = fread(text, 1, NODE_BYTES - 1, f);
	err = ferror(f) ? -EIO : 0;
	text[n] = '\0';
	fclose(f);
	return err;
}

static int print_node(const struct scan *scan, FILE *f)
{
	char text[NODE_BYTES];
	int err = read_node(scan, text);

	if (err)
		warnx("cannot read the coverage of %s: %s%s", scan->name,
		      strerror(-err), err == -EACCES ? "; run as root" : "");
	else
		fprintf(f, "node %d %zu\n%s", scan->node, strlen(text), text);
	return err;
}

static int print_nodes(const struct scanner *scanner,
		       const struct machine *machine, FILE *f)
{
	size_t i;
	int err = 0;

	fprintf(f, HEADER, machine->id, machine->blocks);
	for (i = 0; i < scanner->n && !err; i++)
		err = print_node(&scanner->node[i], f);
	fprintf(f, "end %zu\n", scanner->n);
	return err;
}

/*
 * What an earlier save knew goes into the kernel first, or a module that was
 * loaded without it would have it forgotten.  A negative errno if that fails.
 */
static int keep_saved(const struct scanner *scanner, const char *path)
{
	const char *wrong;
	struct saved saved;
	int err = read_file(path, &saved);

	if (err && err != -ENOENT)
		warnx("%s is not replaced, as it cannot be read: %s; move it away",
		      path, strerror(-err));
	wrong = err ? NULL : check(saved);
	if (wrong)
		warnx("%s is %s, and is replaced", path, wrong);
	if (!err && !wrong && restore(scanner, &saved)) {
		warnx("%s is not replaced: the kernel does not take what it has; set the clock, or move the file away",
		      path);
		err = -EEXIST;
	}
	free(saved.text);
	return err == -ENOENT ? 0 : err;
}

int coverage_save(const struct scanner *scanner, const char *path)
{
	struct machine machine = { 0 };
	struct replacement r;
	int err = machine_identify(&machine);

	if (!err && !replace_writes_through(path))
		err = keep_saved(scanner, path);
	if (err)
		return err;
	err = replace_begin(&r, path, 0600);
	if (!err && print_nodes(scanner, &machine, r.f)) {
		replace_abandon(&r);
		return -EIO;
	}
	if (!err)
		err = replace_end(&r);
	if (err)
		warnx("cannot write %s: %s", path, strerror(-err));
	else
		print_done("the coverage of %zu node%s is in %s", scanner->n,
		       scanner->n == 1 ? "" : "s", path);
	return err;
}
