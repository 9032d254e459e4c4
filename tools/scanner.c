// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "root.h"
#include "scanner.h"

#define MEMSCAN	"/sys/kernel/memscan"

const char *const scan_figure_names[N_SCAN_FIGURES] = {
	[SCAN_ENABLED] = "enabled",
	[SCAN_CYCLE_SECONDS] = "cycle_seconds",
	[SCAN_MAX_CPU_PERCENT] = "max_cpu_percent",
	[SCAN_PROGRESS_PERCENT] = "progress_percent",
	[SCAN_RATE_BYTES_PER_SECOND] = "rate_bytes_per_second",
	[SCAN_READ_BYTES] = "read_bytes",
	[SCAN_PASSES] = "passes",
	[SCAN_LATE_PASSES] = "late_passes",
	[SCAN_LATE_SECONDS] = "late_seconds",
	[SCAN_EARLY_PASSES] = "early_passes",
	[SCAN_EARLY_SECONDS] = "early_seconds",
	[SCAN_HITS_RECOVERED] = "hits/recovered",
	[SCAN_HITS_KNOWN] = "hits/known",
	[SCAN_HITS_NOT_RECOVERED] = "hits/not_recovered",
	[SCAN_NEARBY_BLOCKS] = "nearby/blocks",
	[SCAN_NEARBY_HITS] = "nearby/hits",
	[SCAN_LAST_HIT_PFN] = "last_hit_pfn",
	[SCAN_LAST_HIT_SECONDS] = "last_hit_seconds",
	[SCAN_PASS_START_SECONDS] = "pass/start_seconds",
	[SCAN_PASS_HITS] = "pass/hits",
	[SCAN_LAST_PASS_START_SECONDS] = "last_pass/start_seconds",
	[SCAN_LAST_PASS_END_SECONDS] = "last_pass/end_seconds",
	[SCAN_LAST_PASS_HITS] = "last_pass/hits",
	[SCAN_LAST_PASS_READ_PAGES] = "last_pass/read_pages",
	[SCAN_LAST_PASS_LEAVING_PAGES] = "last_pass/leaving_pages",
	[SCAN_LAST_PASS_OFFLINE_PAGES] = "last_pass/offline_pages",
	[SCAN_LAST_PASS_HWPOISON_PAGES] = "last_pass/hwpoison_pages",
	[SCAN_LAST_PASS_KNOWN_PAGES] = "last_pass/known_pages",
	[SCAN_LAST_PASS_SCOPE_PAGES] = "last_pass/scope_pages",
	[SCAN_LAST_PASS_UNMAPPED_PAGES] = "last_pass/unmapped_pages",
};

/* Not all scans have all files, and some of them are for root only. */
static int read_figure(struct scan *scan, enum scan_figure i)
{
	int err = read_number(&scan->figure[i], MEMSCAN "/%s/%s", scan->name,
			      scan_figure_names[i]);

	scan->known[i] = !err;
	if (!err)
		return 0;
	scan->figure[i] = 0;
	return err == -ENOENT || err == -EACCES ? 0 : err;
}

/* Only nodes have such files. */
static void read_word(const struct scan *scan, char word[32], const char *file)
{
	if (read_line(word, 32, MEMSCAN "/%s/%s", scan->name, file))
		*word = '\0';
}

static int read_scan(struct scan *scan)
{
	int err = read_line(scan->state, sizeof(scan->state),
			    MEMSCAN "/%s/state", scan->name);
	int i;

	for (i = 0; !err && i < N_SCAN_FIGURES; i++)
		err = read_figure(scan, i);
	read_word(scan, scan->scope, "scope");
	read_word(scan, scan->pace, "pace");
	return err;
}

/* "NAME: ok", "NAME: refused: WHY"; one that is overridden says so behind. */
static bool parse_check(const char *line, struct scan_check *check)
{
	if (sscanf(line, "%63[^:]: %191[^\n]", check->name, check->verdict) !=
	    2)
		return false;
	check->refuses = !strncmp(check->verdict, "refused", 7) &&
			 !strstr(check->verdict, "overridden");
	return true;
}

static int read_checks(struct scanner *scanner)
{
	const size_t most = sizeof(scanner->check) / sizeof(*scanner->check);
	FILE *f = root_fopen(MEMSCAN "/capability");
	char line[256];

	if (!f)
		return -errno;
	while (scanner->n_checks < most && fgets(line, sizeof(line), f))
		scanner->n_checks +=
			parse_check(line, &scanner->check[scanner->n_checks]);
	fclose(f);
	return 0;
}

static int read_nodes(struct scanner *scanner)
{
	unsigned int *ids;
	int i, n = list_numbered(MEMSCAN, "node", &ids), err = 0;

	if (n <= 0)
		return n;
	scanner->node = calloc((size_t)n, sizeof(*scanner->node));
	if (!scanner->node)
		err = -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		struct scan *scan = &scanner->node[i];

		scan->node = (int)ids[i];
		snprintf(scan->name, sizeof(scan->name), "node%u", ids[i]);
		err = read_scan(scan);
		scanner->n += !err;
	}
	free(ids);
	return err;
}

static int read_all(struct scanner *scanner)
{
	int err = read_number(&scanner->paused, MEMSCAN "/pause");

	if (!err)
		err = read_number(&scanner->max_hits, MEMSCAN "/max_hits");
	if (!err)
		err = read_checks(scanner);
	if (!err)
		err = read_scan(&scanner->demand);
	return err ? err : read_nodes(scanner);
}

void scanner_read(struct scanner *scanner)
{
	*scanner = (struct scanner){
		.demand = { .node = SCAN_DEMAND, .name = "demand" },
	};
	scanner->err = read_all(scanner);
}

void scanner_free(struct scanner *scanner)
{
	free(scanner->node);
	*scanner = (struct scanner){ 0 };
}

const struct scan_check *scanner_refusal(const struct scanner *scanner)
{
	size_t i;

	for (i = 0; i < scanner->n_checks; i++)
		if (scanner->check[i].refuses)
			return &scanner->check[i];
	return NULL;
}

const struct scan *scanner_find(const struct scanner *scanner, int node)
{
	size_t i;

	if (node == SCAN_DEMAND)
		return &scanner->demand;
	for (i = 0; i < scanner->n; i++)
		if (scanner->node[i].node == node)
			return &scanner->node[i];
	return NULL;
}

uint64_t scan_hits(const struct scan *scan)
{
	return scan->figure[SCAN_HITS_RECOVERED] +
	       scan->figure[SCAN_HITS_KNOWN] +
	       scan->figure[SCAN_HITS_NOT_RECOVERED];
}

int scanner_write(const char *file, const char *value)
{
	return write_text(value, MEMSCAN "/%s", file);
}
