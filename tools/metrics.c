// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "metrics.h"

#define N(array)	(sizeof(array) / sizeof((array)[0]))

/*
 * A label's value: what would end it is escaped, and what is not ASCII masked,
 * as one byte that is no UTF-8 would cost the reader all of the figures.
 */
static const char *escaped(const char *text)
{
	static char out[256];
	char *p = out;

	for (; *text && p < out + sizeof(out) - 3; text++) {
		if (*text == '\\' || *text == '"')
			*p++ = '\\';
		*p++ = *text >= ' ' && *text <= '~' ? *text : '?';
	}
	*p = '\0';
	return out;
}

/* A family of one gauge. */
static void print_gauge(const struct exposition *to, const char *name,
			uint64_t value, const char *help)
{
	exposition_family(to, name, "gauge", help);
	exposition_sample(to, name, value, "%s", "");
}

static void print_nodes(const struct exposition *to, const struct nodes *nodes)
{
	static const char name[] = "mfr_memory_failures_total";
	size_t i, j;

	if (!nodes->n)
		return;
	exposition_family(to, name, "counter",
			  "Memory errors since boot by NUMA node and outcome.");
	for (i = 0; i < nodes->n; i++)
		for (j = 0; j < N_OUTCOMES; j++)
			exposition_sample(to, name,
					  nodes->node[i].by_outcome[j],
					  "{node=\"%u\",outcome=\"%s\"}",
					  nodes->node[i].id, outcome_names[j]);
}

/* A family that has the field at @offset of each thing. */
struct field {
	const char *name;
	const char *help;
	size_t offset;
};

static uint64_t value_of(const void *thing, const struct field *field)
{
	return *(const uint64_t *)((const char *)thing + field->offset);
}

static void print_pools(const struct exposition *to, const struct pools *pools)
{
	static const struct field fields[] = {
		{ "mfr_hugepages", "Huge pages of a pool.",
		  offsetof(struct pool, total) },
		{ "mfr_hugepages_free",
		  "Huge pages of a pool that are not in use.",
		  offsetof(struct pool, free) },
		{ "mfr_hugepages_reserved",
		  "Huge pages of a pool that are promised.",
		  offsetof(struct pool, reserved) },
		{ "mfr_hugepages_surplus",
		  "Huge pages of a pool above its size.",
		  offsetof(struct pool, surplus) },
	};
	size_t i, j;

	for (i = 0; i < N(fields) && pools->n; i++) {
		exposition_family(to, fields[i].name, "gauge", fields[i].help);
		for (j = 0; j < pools->n; j++)
			exposition_sample(to, fields[i].name,
					  value_of(&pools->pool[j], &fields[i]),
					  "{page_bytes=\"%" PRIu64 "\"}",
					  pools->pool[j].page_bytes);
	}
}

static void print_kept(const struct exposition *to, const struct kept *kept)
{
	uint64_t bytes = 0, damaged = 0;
	size_t i;

	if (kept->err)
		return;
	for (i = 0; i < kept->n; i++) {
		bytes += kept_lost_bytes(&kept->file[i]);
		damaged += kept->file[i].n_lost != 0;
	}
	print_gauge(to, "mfr_kept_files", kept->n,
		    "Files whose huge pages stay mapped after an error.");
	print_gauge(to, "mfr_kept_files_damaged", damaged,
		    "Of these, those that have lost memory.");
	print_gauge(to, "mfr_kept_files_lost_bytes", bytes,
		    "Memory that these have lost.");
	print_gauge(to, "mfr_unseen_processes", kept->unseen,
		    "Processes whose files could not be looked at.");
}

static void print_dimms(const struct exposition *to, const struct dimms *dimms)
{
	static const struct field fields[] = {
		{ "mfr_dimm_uncorrected_errors_total",
		  "Uncorrected errors of a DIMM, as EDAC counts them.",
		  offsetof(struct dimm, uncorrected) },
		{ "mfr_dimm_corrected_errors_total",
		  "Corrected errors of a DIMM, as EDAC counts them.",
		  offsetof(struct dimm, corrected) },
	};
	const struct dimm *dimm;
	size_t i, j;

	for (i = 0; i < N(fields) && dimms->n; i++) {
		exposition_family(to, fields[i].name, "counter",
				  fields[i].help);
		for (j = 0; j < dimms->n; j++) {
			dimm = &dimms->dimm[j];
			exposition_sample(to, fields[i].name,
				value_of(dimm, &fields[i]),
				"{controller=\"%u\",dimm=\"%u\",label=\"%s\"}",
				dimm->controller, dimm->number,
				escaped(dimm->label));
		}
	}
}

/* Those of a family stand together; the first of them says what it is. */
static const struct scan_metric {
	const char *name;
	const char *type;
	const char *help;
	enum scan_figure figure;
	const char *label;	/* besides the node's */
} scan_metrics[] = {
	{ "mfr_scanner_enabled", "gauge",
	  "1 if the memory of a node is to be read for ever.",
	  SCAN_ENABLED, "" },
	{ "mfr_scanner_cycle_seconds", "gauge",
	  "Time that a full pass of a node is to take.",
	  SCAN_CYCLE_SECONDS, "" },
	{ "mfr_scanner_progress_percent", "gauge",
	  "How far the pass under way is.",
	  SCAN_PROGRESS_PERCENT, "" },
	{ "mfr_scanner_read_bytes_total", "counter",
	  "Memory of a node that was read.", SCAN_READ_BYTES, "" },
	{ "mfr_scanner_passes_total", "counter",
	  "Passes that came to their end.", SCAN_PASSES, "" },
	{ "mfr_scanner_late_passes_total", "counter",
	  "Passes that took longer than they were to.",
	  SCAN_LATE_PASSES, "" },
	{ "mfr_scanner_late_seconds_total", "counter",
	  "By how much, in all.", SCAN_LATE_SECONDS, "" },
	{ "mfr_scanner_early_passes_total", "counter",
	  "Passes that took less time than they were to.",
	  SCAN_EARLY_PASSES, "" },
	{ "mfr_scanner_early_seconds_total", "counter",
	  "By how much, in all.", SCAN_EARLY_SECONDS, "" },
	{ "mfr_scanner_nearby_blocks_total", "counter",
	  "Blocks around errors that were looked at out of turn.",
	  SCAN_NEARBY_BLOCKS, "" },
	{ "mfr_scanner_nearby_hits_total", "counter",
	  "Errors that were found in these.", SCAN_NEARBY_HITS, "" },
	{ "mfr_scanner_hits_total", "counter",
	  "Errors that were found before a program met them, by outcome.",
	  SCAN_HITS_RECOVERED, ",outcome=\"recovered\"" },
	{ .name = "mfr_scanner_hits_total", .figure = SCAN_HITS_KNOWN,
	  .label = ",outcome=\"known\"" },
	{ .name = "mfr_scanner_hits_total", .figure = SCAN_HITS_NOT_RECOVERED,
	  .label = ",outcome=\"not_recovered\"" },
	{ "mfr_scanner_last_hit_timestamp_seconds", "gauge",
	  "When the last one was found, since the epoch; 0: none.",
	  SCAN_LAST_HIT_SECONDS, "" },
	{ "mfr_scanner_last_pass_start_timestamp_seconds", "gauge",
	  "When the last full pass began, since the epoch; 0: none.",
	  SCAN_LAST_PASS_START_SECONDS, "" },
	{ "mfr_scanner_last_pass_end_timestamp_seconds", "gauge",
	  "When the last full pass ended, since the epoch; 0: none.",
	  SCAN_LAST_PASS_END_SECONDS, "" },
	{ "mfr_scanner_last_pass_pages", "gauge",
	  "Base pages of the last full pass, by what became of them.",
	  SCAN_LAST_PASS_READ_PAGES, ",result=\"read\"" },
	{ .name = "mfr_scanner_last_pass_pages",
	  .figure = SCAN_LAST_PASS_LEAVING_PAGES,
	  .label = ",result=\"leaving\"" },
	{ .name = "mfr_scanner_last_pass_pages",
	  .figure = SCAN_LAST_PASS_OFFLINE_PAGES,
	  .label = ",result=\"offline\"" },
	{ .name = "mfr_scanner_last_pass_pages",
	  .figure = SCAN_LAST_PASS_HWPOISON_PAGES,
	  .label = ",result=\"hwpoison\"" },
	{ .name = "mfr_scanner_last_pass_pages",
	  .figure = SCAN_LAST_PASS_KNOWN_PAGES,
	  .label = ",result=\"known\"" },
	{ .name = "mfr_scanner_last_pass_pages",
	  .figure = SCAN_LAST_PASS_SCOPE_PAGES,
	  .label = ",result=\"scope\"" },
	{ .name = "mfr_scanner_last_pass_pages",
	  .figure = SCAN_LAST_PASS_UNMAPPED_PAGES,
	  .label = ",result=\"unmapped\"" },
};

/* One of these is 1; "refused" and "stopped" go without their reason. */
static void print_scan_states(const struct exposition *to,
			      const struct scanner *scanner)
{
	static const char *const states[] = {
		"idle", "scanning", "paused", "refused", "stopped",
	};
	static const char name[] = "mfr_scanner_state";
	const struct scan *scan;
	size_t i, j;

	exposition_family(to, name, "gauge",
			  "What a node's scanner does: 1 for one state.");
	for (i = 0; i < scanner->n; i++) {
		scan = &scanner->node[i];
		for (j = 0; j < N(states); j++)
			exposition_sample(to, name,
					  !strncmp(scan->state, states[j],
						   strlen(states[j])),
					  "{node=\"%d\",state=\"%s\"}",
					  scan->node, states[j]);
	}
}

static void print_scanner(const struct exposition *to,
			  const struct scanner *scanner)
{
	const struct scan_metric *metric;
	size_t i, j;

	if (scanner->err)
		return;
	print_gauge(to, "mfr_scanner_paused", scanner->paused,
		    "1 while no node is read.");
	print_scan_states(to, scanner);
	for (i = 0; i < N(scan_metrics); i++) {
		metric = &scan_metrics[i];
		if (metric->type)
			exposition_family(to, metric->name, metric->type,
					  metric->help);
		for (j = 0; j < scanner->n; j++)
			if (scanner->node[j].known[metric->figure])
				exposition_sample(to, metric->name,
					scanner->node[j].figure[metric->figure],
					"{node=\"%d\"%s}",
					scanner->node[j].node, metric->label);
	}
}

static void print_source(const char *source, const char *why, void *to)
{
	(void)why;
	exposition_sample(to, "mfr_source_missing", 1, "{source=\"%s\"}",
			  source);
}

/* So that an alert can tell "no errors" from "not looked". */
static void print_missing(const struct exposition *to, const struct host *host)
{
	struct exposition copy = *to;

	exposition_family(to, "mfr_source_missing", "gauge",
			  "1 for each source of figures that this host lacks.");
	host_missing(host, print_source, &copy);
}

void metrics_print(const struct exposition *to, const struct host *host)
{
	if (!host->corrupted.err)
		print_gauge(to, "mfr_poisoned_memory_bytes",
			    host->corrupted.bytes,
			    "Memory that is lost to errors (HardwareCorrupted).");
	print_nodes(to, &host->nodes);
	print_pools(to, &host->pools);
	print_kept(to, &host->kept);
	print_dimms(to, &host->dimms);
	print_scanner(to, &host->scanner);
	print_missing(to, host);
	exposition_end(to);
}
