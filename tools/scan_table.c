// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "moment.h"
#include "plain.h"
#include "scan_table.h"
#include "size.h"

const char *scan_state_shown(const struct scan *scan)
{
	bool rests = scan->state == SCAN_IDLE;

	if (!scan->known[SCAN_ENABLED])
		return scan->state_text;
	if (scan->figure[SCAN_ENABLED])
		return rests ? "starting" : scan->state_text;
	return rests ? scan->state_text : "stopping";
}

static void print_scan(const struct scan *scan, const char *name)
{
	const uint64_t *figure = scan->figure;

	printf("%-16s %7" PRIu64 " %% %12s %7" PRIu64 " %6" PRIu64
	       "  %-11s  %s\n", name, figure[SCAN_PROGRESS_PERCENT],
	       rate_text(figure[SCAN_RATE_BYTES_PER_SECOND]).text,
	       figure[SCAN_PASSES], scan_hits(scan),
	       span_text(figure[SCAN_AGE_SECONDS]).text,
	       plain_text(scan_state_shown(scan)).text);
}

void scan_table_print(const struct scanner *scanner)
{
	size_t i;

	printf("%-16s %9s %12s %7s %6s  %-11s  %s\n", "Scanner of node",
	       "progress", "rate", "passes", "hits", "oldest page", "state");
	for (i = 0; i < scanner->n; i++)
		print_scan(&scanner->node[i], scanner->node[i].name + 4);
}

static void print_checks(const struct scanner *scanner)
{
	size_t i;

	printf("\nChecks of this machine\n");
	for (i = 0; i < scanner->n_checks; i++)
		printf("  %s: %s\n", plain_text(scanner->check[i].name).text,
		       plain_text(scanner->check[i].verdict).text);
}

static void print_settings(const struct scanner *scanner)
{
	const struct scan *scan;
	size_t i;

	printf("\n%-16s %13s %15s  %-9s  %-7s  %s\n", "Settings of node",
	       "cycle_seconds", "max_cpu_percent", "scope", "action",
	       "hugetlb_action");
	for (i = 0; i < scanner->n; i++) {
		scan = &scanner->node[i];
		printf("%-16d %13" PRIu64 " %15" PRIu64 "  %-9s  %-7s  %s\n",
		       scan->node, scan->figure[SCAN_CYCLE_SECONDS],
		       scan->figure[SCAN_MAX_CPU_PERCENT],
		       plain_text(scan->scope).text,
		       plain_text(scan->action).text,
		       plain_text(scan->hugetlb_action).text);
	}
	printf("pause %" PRIu64 ", max_hits %" PRIu64
	       ", max_hits_per_minute %" PRIu64 "\n", scanner->paused,
	       scanner->max_hits, scanner->max_hits_per_minute);
}

static void print_hits(const struct scan *scan)
{
	if (!scan_hits(scan))
		return;
	printf("  %s: %" PRIu64 " recovered, %" PRIu64 " known, %" PRIu64
	       " reported, %" PRIu64 " not recovered; the last %s", scan->name,
	       scan->figure[SCAN_HITS_RECOVERED],
	       scan->figure[SCAN_HITS_KNOWN],
	       scan->figure[SCAN_HITS_REPORTED],
	       scan->figure[SCAN_HITS_NOT_RECOVERED],
	       moment_text(scan->figure[SCAN_LAST_HIT_SECONDS]).text);
	if (scan->known[SCAN_LAST_HIT_PFN])
		printf(" at pfn 0x%" PRIx64, scan->figure[SCAN_LAST_HIT_PFN]);
	putchar('\n');
}

static void print_all_hits(const struct scanner *scanner)
{
	uint64_t hits = 0;
	size_t i;

	for (i = 0; i < scanner->n; i++)
		hits += scan_hits(&scanner->node[i]);
	if (!hits)
		return;
	printf("\nHits\n");
	for (i = 0; i < scanner->n; i++)
		print_hits(&scanner->node[i]);
}

void scan_table_print_details(const struct scanner *scanner)
{
	print_settings(scanner);
	print_all_hits(scanner);
	print_checks(scanner);
}
