// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <string.h>

#include "metrics.h"

#define N(array)	(sizeof(array) / sizeof((array)[0]))

/*
 * A label's value, in a static buffer.  Quotes and backslashes are escaped.
 * Non-ASCII bytes are masked: one invalid byte would void all metrics.
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

/* A family whose samples are the field at @offset of each object. */
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
	print_gauge(to, "mfr_unseen_processes",
		    kept->unseen + kept->hanging,
		    "Processes whose files could not be looked at.");
}

/* A number for dimmN, as ever; "rank4" or "csrow2/ch0" of other drivers. */
static const char *dimm_of(const struct dimm *dimm)
{
	return dimm->name + (strncmp(dimm->name, "dimm", 4) ? 0 : 4);
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
				"{controller=\"%u\",dimm=\"%s\",label=\"%s\"}",
				dimm->controller, dimm_of(dimm),
				escaped(dimm->label));
		}
	}
}

static void print_controllers(const struct exposition *to,
			      const struct dimms *dimms)
{
	static const struct field fields[] = {
		{ "mfr_controller_uncorrected_errors_total",
		  "Uncorrected errors of a memory controller, those of its DIMMs included.",
		  offsetof(struct controller, uncorrected) },
		{ "mfr_controller_corrected_errors_total",
		  "Corrected errors of a memory controller, those of its DIMMs included.",
		  offsetof(struct controller, corrected) },
		{ "mfr_controller_untraced_uncorrected_errors_total",
		  "Uncorrected errors of a memory controller of no known DIMM.",
		  offsetof(struct controller, untraced_uncorrected) },
		{ "mfr_controller_untraced_corrected_errors_total",
		  "Corrected errors of a memory controller of no known DIMM.",
		  offsetof(struct controller, untraced_corrected) },
	};
	size_t i, j;

	for (i = 0; i < N(fields) && dimms->n_controllers; i++) {
		exposition_family(to, fields[i].name, "counter",
				  fields[i].help);
		for (j = 0; j < dimms->n_controllers; j++)
			exposition_sample(to, fields[i].name,
				value_of(&dimms->controller[j], &fields[i]),
				"{controller=\"%u\"}",
				dimms->controller[j].number);
	}
}

/* One of the states is 1; "refused" and "stopped" lack their reason. */
static void print_scan_states(const struct exposition *to,
			      const struct scanner *scanner)
{
	static const char name[] = "mfr_scanner_state";
	const struct scan *scan;
	enum scan_state state;
	size_t i;

	exposition_family(to, name, "gauge",
			  "What the scanner of a node is doing: 1 for one state.");
	for (i = 0; i < scanner->n; i++) {
		scan = &scanner->node[i];
		for (state = 0; state < N_SCAN_STATES; state++)
			exposition_sample(to, name, scan->state == state,
					  "{node=\"%d\",state=\"%s\"}",
					  scan->node, scan_state_names[state]);
	}
}

/* Of the scope that is set: what it leaves out is of any age. */
static void print_scan_ages(const struct exposition *to,
			    const struct scanner *scanner)
{
	static const char name[] = "mfr_scanner_age_seconds";
	const struct scan *scan;
	size_t i;

	exposition_family(to, name, "gauge",
			  "Time since the page of a node that was read longest ago was read.");
	for (i = 0; i < scanner->n; i++) {
		scan = &scanner->node[i];
		if (scan->known[SCAN_AGE_SECONDS])
			exposition_sample(to, name,
					  scan->figure[SCAN_AGE_SECONDS],
					  "{node=\"%d\",scope=\"%s\"}",
					  scan->node, escaped(scan->scope));
	}
}

/* Print the family only for the first figure of a metric. */
static void print_scan_family(const struct exposition *to, const char *name,
			      enum scan_figure i)
{
	if (!i || !scan_figures[i - 1].metric ||
	    strcmp(scan_figures[i].metric, scan_figures[i - 1].metric))
		exposition_family(to, name, scan_figures[i].type,
				  scan_figures[i].help);
}

static void print_scan_figure(const struct exposition *to,
			      const struct scanner *scanner,
			      enum scan_figure i)
{
	const char *label = scan_figures[i].label;
	const struct scan *scan;
	char name[64];
	size_t j;

	snprintf(name, sizeof(name), "mfr_scanner_%s", scan_figures[i].metric);
	print_scan_family(to, name, i);
	for (j = 0; j < scanner->n; j++) {
		scan = &scanner->node[j];
		if (scan->known[i])
			exposition_sample(to, name, scan->figure[i],
					  "{node=\"%d\"%s}", scan->node,
					  label ? label : "");
	}
}

static void print_scanner(const struct exposition *to,
			  const struct scanner *scanner)
{
	int i;

	if (scanner->err)
		return;
	print_gauge(to, "mfr_scanner_paused", scanner->paused,
		    "1 while scanning is suspended.");
	print_gauge(to, "mfr_scanner_pending_pages", scanner->pending,
		    "Base pages with errors that were reported and are not isolated.");
	print_scan_states(to, scanner);
	print_scan_ages(to, scanner);
	for (i = 0; i < N_SCAN_FIGURES; i++)
		if (scan_figures[i].metric)
			print_scan_figure(to, scanner, i);
}

static void print_source(const char *source, const char *why, void *to)
{
	(void)why;
	exposition_sample(to, "mfr_source_missing", 1, "{source=\"%s\"}",
			  source);
}

/* Lets an alert distinguish "no errors" from "not checked". */
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
	if (!host->corrupted.err)
		print_gauge(to, "mfr_restored_memory_bytes",
			    host->corrupted.restored_bytes,
			    "Of this, what badpages restore has taken out of use.");
	print_nodes(to, &host->nodes);
	print_pools(to, &host->pools);
	print_kept(to, &host->kept);
	print_dimms(to, &host->dimms);
	print_controllers(to, &host->dimms);
	print_scanner(to, &host->scanner);
	print_missing(to, host);
	exposition_end(to);
}
