// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "root.h"
#include "scanner.h"

#define MEMSCAN	"/sys/kernel/memscan"

#define INFO(id, name, ...)						\
	[SCAN_##id] = { .file = name, __VA_ARGS__ },

const struct scan_figure_info scan_figures[N_SCAN_FIGURES] = {
	SCAN_FIGURES(INFO)
};

/* Modules of other versions lack some, and only root may read others. */
static int read_figure(struct scan *scan, enum scan_figure i)
{
	int err = read_number(&scan->figure[i], MEMSCAN "/%s/%s", scan->name,
			      scan_figures[i].file);

	scan->known[i] = !err;
	if (!err)
		return 0;
	scan->figure[i] = 0;
	return err == -ENOENT || err == -EACCES ? 0 : err;
}

/* Empty if the scan lacks the file. */
static void read_word(const struct scan *scan, char word[32], const char *file)
{
	if (read_line(word, 32, MEMSCAN "/%s/%s", scan->name, file))
		*word = '\0';
}

const char *const scan_state_names[N_SCAN_STATES] = {
	[SCAN_IDLE] = "idle",
	[SCAN_SCANNING] = "scanning",
	[SCAN_PAUSED] = "paused",
	[SCAN_REFUSED] = "refused",
	[SCAN_WAITING] = "waiting",
};

/* A colon and the reason may follow. */
static enum scan_state parse_state(const char *text)
{
	enum scan_state state;

	for (state = 0; state < N_SCAN_STATES; state++)
		if (!strncmp(text, scan_state_names[state],
			     strlen(scan_state_names[state])))
			return state;
	return SCAN_OTHER;
}

/* Returns why the first file was not read, or 0. */
static int read_scan(struct scan *scan)
{
	int err = read_line(scan->state_text, sizeof(scan->state_text),
			    MEMSCAN "/%s/state", scan->name);
	int i, ret;

	scan->state = err ? SCAN_OTHER : parse_state(scan->state_text);
	for (i = 0; i < N_SCAN_FIGURES; i++) {
		ret = read_figure(scan, i);
		err = err ? err : ret;
	}
	read_word(scan, scan->scope, "scope");
	read_word(scan, scan->pace, "pace");
	read_word(scan, scan->action, "action");
	read_word(scan, scan->hugetlb_action, "hugetlb_action");
	read_word(scan, scan->last_scope, "last_pass/scope");
	return err;
}

/*
 * "NAME: ok" or "NAME: refused: WHY", then " (overridden by force)", then a list
 * of CPUs, which can be long and cut short here.
 */
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
	int err;

	if (!f)
		return -errno;
	while (scanner->n_checks < most && fgets(line, sizeof(line), f))
		scanner->n_checks +=
			parse_check(line, &scanner->check[scanner->n_checks]);
	err = ferror(f) ? -EIO : 0;
	fclose(f);
	return err;
}

/* A node that cannot be read hides no other. */
static int read_nodes(struct scanner *scanner)
{
	unsigned int *ids;
	int i, n = list_numbered(MEMSCAN, "node", &ids), err;

	if (n <= 0)
		return n;
	scanner->node = calloc((size_t)n, sizeof(*scanner->node));
	for (i = 0; i < n && scanner->node; i++) {
		struct scan *scan = &scanner->node[scanner->n];

		*scan = (struct scan){ .node = (int)ids[i] };
		snprintf(scan->name, sizeof(scan->name), "node%u", ids[i]);
		err = read_scan(scan);
		if (err)
			unread_member(&scanner->unread, err, "%s", scan->name);
		scanner->n++;
	}
	free(ids);
	return scanner->node ? 0 : -ENOMEM;
}

static int read_all(struct scanner *scanner)
{
	int err = read_number(&scanner->paused, MEMSCAN "/pause");

	if (!err)
		err = read_number(&scanner->max_hits, MEMSCAN "/max_hits");
	if (!err)
		err = read_number(&scanner->max_hits_per_minute,
				  MEMSCAN "/max_hits_per_minute");
	if (!err)
		err = read_number(&scanner->pending, MEMSCAN "/pending");
	if (!err)
		err = read_checks(scanner);
	return err ? err : read_nodes(scanner);
}

void scanner_read(struct scanner *scanner)
{
	*scanner = (struct scanner){ 0 };
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

	for (i = 0; i < scanner->n; i++)
		if (scanner->node[i].node == node)
			return &scanner->node[i];
	return NULL;
}

uint64_t scan_hits(const struct scan *scan)
{
	return scan->figure[SCAN_HITS_RECOVERED] +
	       scan->figure[SCAN_HITS_KNOWN] +
	       scan->figure[SCAN_HITS_REPORTED] +
	       scan->figure[SCAN_HITS_NOT_RECOVERED];
}

int scanner_write(const char *file, const char *value)
{
	return write_text(value, MEMSCAN "/%s", file);
}
