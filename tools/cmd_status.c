// SPDX-License-Identifier: GPL-2.0-only
/*
 * mfr status: a host's memory on one screen.
 */
#include <inttypes.h>
#include <stdio.h>

#include "command.h"
#include "host.h"
#include "json.h"
#include "problems.h"
#include "scan_table.h"
#include "size.h"

static void print_corrupted(const struct corrupted *corrupted)
{
	if (!corrupted->err)
		printf("Poisoned memory: %s\n",
		       size_text(corrupted->bytes).text);
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
		printf("\n%-16u %10" PRIu64, node->id, node->total);
		for (j = 0; j < N_OUTCOMES; j++)
			printf(" %10" PRIu64, node->by_outcome[j]);
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
		printf("%-16s %10" PRIu64 " %10" PRIu64 " %10" PRIu64
		       " %10" PRIu64 "\n", size_text(pool->page_bytes).text,
		       pool->total, pool->free, pool->reserved, pool->surplus);
	}
}

static void print_holders(const struct kept_file *file)
{
	size_t i;

	for (i = 0; i < file->n_holders; i++)
		printf("%s%s (%d)", i ? ", " : "", file->holder[i].command,
		       file->holder[i].pid);
	putchar('\n');
}

static void print_kept(const struct kept *kept)
{
	size_t i;

	if (kept->n)
		printf("\n%-16s %10s %10s  %s\n", "Kept files", "lost", "ranges",
		       "held by");
	for (i = 0; i < kept->n; i++) {
		printf("%-16s %10s %10zu  ", kept->file[i].name,
		       size_text(kept_lost_bytes(&kept->file[i])).text,
		       kept->file[i].n_lost);
		print_holders(&kept->file[i]);
	}
	if (kept->unseen)
		printf("\nKept files of %zu processes are not shown: only root may see them\n",
		       kept->unseen);
}

static void print_dimms(const struct dimms *dimms)
{
	size_t i;

	if (dimms->n)
		printf("\n%-16s %11s %10s  %s\n", "Errors of DIMM",
		       "uncorrected", "corrected", "location");
	for (i = 0; i < dimms->n; i++)
		printf("%-16s %11" PRIu64 " %10" PRIu64 "  %s\n",
		       dimms->dimm[i].label, dimms->dimm[i].uncorrected,
		       dimms->dimm[i].corrected, dimms->dimm[i].location);
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
	problems_find(&problems, &host, 0);
	(want_json ? print_json : print_text)(&host, &problems);
	status = problems.n ? STATUS_PROBLEM :
		 host_unknown(&host) ? STATUS_UNKNOWN : STATUS_FINE;
	problems_free(&problems);
	host_free(&host);
	return status;
}
