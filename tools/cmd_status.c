// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr status: a host's memory on one screen.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "json.h"
#include "plain.h"
#include "problems.h"
#include "scan_table.h"
#include "size.h"

#define WIDTH		16	/* of a first column, at least */
#define WIDTH_MAX	64
#define UNKEPT_WIDTH	26	/* a command, and a number of 7 digits */
#define WHOLE_FILES_MAX	32

static void print_corrupted(const struct corrupted *corrupted)
{
	if (corrupted->err)
		return;
	printf("Poisoned memory: %s", size_text(corrupted->bytes).text);
	if (corrupted->restored_bytes)
		printf(", of which badpages restore has %s",
		       size_text(corrupted->restored_bytes).text);
	putchar('\n');
}

static void print_nodes(const struct nodes *nodes)
{
	const struct node *node;
	size_t i, j;

	if (!nodes->n)
		return;
	printf("\n%-16s %10s", "Errors of node", "total");
	for (j = 0; j < N_OUTCOMES; j++)
		printf(" %10s", outcome_names[j]);
	for (i = 0; i < nodes->n; i++) {
		node = &nodes->node[i];
		printf("\n%-16u %10s", node->id,
		       count_text(node->total).text);
		for (j = 0; j < N_OUTCOMES; j++)
			printf(" %10s", count_text(node->by_outcome[j]).text);
	}
	putchar('\n');
}

static void print_pools(const struct pools *pools)
{
	const struct pool *pool;
	size_t i;

	if (!pools->n)
		return;
	printf("\n%-16s %10s %10s %10s %10s\n", "Huge pages of", "total",
	       "free", "reserved", "surplus");
	for (i = 0; i < pools->n; i++) {
		pool = &pools->pool[i];
		printf("%-16s %10s %10s %10s %10s\n",
		       size_text(pool->page_bytes).text,
		       count_text(pool->total).text,
		       count_text(pool->free).text,
		       count_text(pool->reserved).text,
		       count_text(pool->surplus).text);
	}
}

static void print_holders(const struct kept_file *file)
{
	size_t i;

	for (i = 0; i < file->n_holders; i++)
		printf("%s%s (%d)", i ? ", " : "",
		       plain_text(file->holder[i].command).text,
		       file->holder[i].pid);
	putchar('\n');
}

/* The first column is as wide as its names need, up to a limit. */
static void widen(int *width, const char *name)
{
	int len = (int)strlen(plain_text(name).text);

	if (len > *width)
		*width = len < WIDTH_MAX ? len : WIDTH_MAX;
}

static void print_unkept(const struct kept *kept)
{
	const struct unkept *u;
	size_t i;
	int len;

	if (kept->n_unkept)
		printf("\n%-*s %10s %10s  %s\n", UNKEPT_WIDTH, "Not kept", "mapped",
		       "pages of", "what would keep them");
	for (i = 0; i < kept->n_unkept; i++) {
		u = &kept->unkept[i];
		len = printf("%s (%d)", plain_text(u->process.command).text,
			     u->process.pid);
		printf("%*s %10s %10s  %s\n", len < UNKEPT_WIDTH ?
		       UNKEPT_WIDTH - len : 0, "", size_text(u->bytes).text,
		       size_text(u->page_bytes).text, unkept_cures[u->why]);
	}
}

/* Programs that have a file for each page have thousands. */
static bool is_shown(const struct kept *kept, size_t i)
{
	return i < WHOLE_FILES_MAX || kept->file[i].n_lost;
}

static void print_kept_file(const struct kept_file *file, int width)
{
	printf("%-*s %10s %10zu  ", width, plain_text(file->name).text,
	       size_text(kept_lost_bytes(file)).text, file->n_lost);
	print_holders(file);
}

static void print_kept(const struct kept *kept)
{
	size_t i, omitted = 0;
	int width = WIDTH;

	for (i = 0; i < kept->n; i++)
		if (is_shown(kept, i))
			widen(&width, kept->file[i].name);
	if (kept->n)
		printf("\n%-*s %10s %10s  %s\n", width, "Kept files", "lost",
		       "ranges", "held by");
	for (i = 0; i < kept->n; i++)
		if (is_shown(kept, i))
			print_kept_file(&kept->file[i], width);
		else
			omitted++;
	if (omitted)
		printf("and %zu more, which have lost nothing\n", omitted);
	print_unkept(kept);
	if (kept->unseen)
		printf("\nKept files of %zu processes are not shown: only root may see them\n",
		       kept->unseen);
	if (kept->hanging)
		printf("\nNot all is known of the files of %zu process%s, such as %d: the kernel waits for a server (FUSE, NFS) that does not answer. Restart that server, or end the process\n",
		       kept->hanging, kept->hanging == 1 ? "" : "es",
		       kept->first_hanging);
}

static void print_dimms(const struct dimms *dimms)
{
	const struct dimm *dimm;
	int width = WIDTH;
	size_t i;

	for (i = 0; i < dimms->n; i++)
		widen(&width, dimms->dimm[i].label);
	if (dimms->n)
		printf("\n%-*s %11s %10s  %s\n", width, "Errors of DIMM",
		       "uncorrected", "corrected", "location");
	for (i = 0; i < dimms->n; i++) {
		dimm = &dimms->dimm[i];
		printf("%-*s %11s %10s  %s\n", width,
		       plain_text(dimm->label).text,
		       count_text(dimm->uncorrected).text,
		       count_text(dimm->corrected).text,
		       plain_text(dimm->location).text);
	}
}

/* All that it counted, and what of that EDAC knows no DIMM of. */
static void print_controllers(const struct dimms *dimms)
{
	const struct controller *c;
	size_t i;

	if (dimms->n_controllers)
		printf("\n%-20s %11s %10s %21s %10s  %s\n",
		       "Errors of controller", "uncorrected", "corrected",
		       "of no DIMM: uncorrected", "corrected", "type");
	for (i = 0; i < dimms->n_controllers; i++) {
		c = &dimms->controller[i];
		printf("%-20u %11s %10s %23s %10s  %s\n", c->number,
		       count_text(c->uncorrected).text,
		       count_text(c->corrected).text,
		       count_text(c->untraced_uncorrected).text,
		       count_text(c->untraced_corrected).text,
		       plain_text(c->name).text);
	}
}

static void print_scanner(const struct scanner *scanner)
{
	if (scanner->err)
		return;
	putchar('\n');
	scan_table_print(scanner);
}

static void print_missing(const char *source, const char *why, void *arg)
{
	bool *any = arg;

	printf("%s  %s: %s\n", *any ? "" : "\nNot known\n", source, why);
	*any = true;
}

static void print_problems(const struct host *host,
			   const struct problems *problems)
{
	bool any = false;
	size_t i;

	host_missing(host, print_missing, &any);
	puts(problems->n ? "\nTo do" : host_unknown(host) ?
	     "\nWhether there are errors cannot be told" :
	     "\nNothing needs doing");
	for (i = 0; i < problems->n; i++)
		printf("  %s\n", problems->text[i]);
}

static void print_text(const struct host *host,
		       const struct problems *problems)
{
	print_corrupted(&host->corrupted);
	print_nodes(&host->nodes);
	print_pools(&host->pools);
	print_kept(&host->kept);
	print_dimms(&host->dimms);
	print_controllers(&host->dimms);
	print_scanner(&host->scanner);
	print_problems(host, problems);
}

static void print_json(const struct host *host,
		       const struct problems *problems)
{
	json_t *json = json_of_host(host);

	json_object_set_new(json, "schema", json_string("mfr-status-1"));
	json_object_set_new(json, "problems", json_of_problems(problems));
	json_object_set_new(json, "missing", json_of_missing(host));
	json_print(json);
}

static const struct argp argp = {
	.children = common_options,
	.doc = "Show poisoned memory, errors by node, huge pages, kept files "
	       "and who holds them, the scanner, and what needs doing."
	       "\vExit status: 0 nothing needs doing, 1 something does, "
	       "2 could not tell.",
};

int command_status(int argc, char **argv)
{
	struct problems problems;
	struct host host;
	int status;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	host_read(&host);
	problems_find(&problems, &host, &(struct limits){ 0 });
	(want_json ? print_json : print_text)(&host, &problems);
	status = problems.n ? STATUS_PROBLEM :
		 host_unknown(&host) ? STATUS_UNKNOWN : STATUS_FINE;
	problems_free(&problems);
	host_free(&host);
	return status;
}
