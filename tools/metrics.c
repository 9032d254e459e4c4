// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdarg.h>

#include "metrics.h"

void metric_family(FILE *f, const char *name, const char *type,
		   const char *help)
{
	fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

void metric_sample(FILE *f, const char *name, uint64_t value,
		   const char *fmt, ...)
{
	va_list ap;

	fputs(name, f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fprintf(f, " %" PRIu64 "\n", value);
}

/* A label's value: what would end it is escaped. */
static const char *escaped(const char *text)
{
	static char out[256];
	char *p = out;

	for (; *text && p < out + sizeof(out) - 3; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			*p++ = '\\';
		*p++ = *text == '\n' ? 'n' : *text;
	}
	*p = '\0';
	return out;
}

static void print_corrupted(FILE *f, const struct corrupted *corrupted)
{
	if (corrupted->err)
		return;
	metric_family(f, "mfr_poisoned_memory_bytes", "gauge",
		      "Memory that is lost to errors (HardwareCorrupted).");
	metric_sample(f, "mfr_poisoned_memory_bytes", corrupted->bytes, "%s",
		      "");
}

static void print_nodes(FILE *f, const struct nodes *nodes)
{
	size_t i, j;

	if (!nodes->n)
		return;
	metric_family(f, "mfr_memory_failures_total", "counter",
		      "Memory errors since boot by NUMA node and outcome.");
	for (i = 0; i < nodes->n; i++)
		for (j = 0; j < N_OUTCOMES; j++)
			metric_sample(f, "mfr_memory_failures_total",
				      nodes->node[i].by_outcome[j],
				      "{node=\"%u\",outcome=\"%s\"}",
				      nodes->node[i].id, outcome_names[j]);
}

/* One family, which is the field at @offset of all pools. */
static void print_pool_figure(FILE *f, const struct pools *pools,
			      const char *name, const char *help,
			      size_t offset)
{
	const char *pool;
	size_t i;

	metric_family(f, name, "gauge", help);
	for (i = 0; i < pools->n; i++) {
		pool = (const char *)&pools->pool[i];
		metric_sample(f, name, *(const uint64_t *)(pool + offset),
			      "{page_bytes=\"%" PRIu64 "\"}",
			      pools->pool[i].page_bytes);
	}
}

static void print_pools(FILE *f, const struct pools *pools)
{
	if (!pools->n)
		return;
	print_pool_figure(f, pools, "mfr_hugepages",
			  "Huge pages of a pool.",
			  offsetof(struct pool, total));
	print_pool_figure(f, pools, "mfr_hugepages_free",
			  "Huge pages of a pool that are not in use.",
			  offsetof(struct pool, free));
	print_pool_figure(f, pools, "mfr_hugepages_reserved",
			  "Huge pages of a pool that are promised.",
			  offsetof(struct pool, reserved));
	print_pool_figure(f, pools, "mfr_hugepages_surplus",
			  "Huge pages of a pool above its size.",
			  offsetof(struct pool, surplus));
}

static void print_kept(FILE *f, const struct kept *kept)
{
	uint64_t bytes = 0, damaged = 0;
	size_t i;

	if (kept->err)
		return;
	for (i = 0; i < kept->n; i++) {
		bytes += kept_lost_bytes(&kept->file[i]);
		damaged += kept->file[i].n_lost != 0;
	}
	metric_family(f, "mfr_kept_files", "gauge",
		      "Files whose huge pages stay mapped after an error.");
	metric_sample(f, "mfr_kept_files", kept->n, "%s", "");
	metric_family(f, "mfr_kept_files_damaged", "gauge",
		      "Of these, those that have lost memory.");
	metric_sample(f, "mfr_kept_files_damaged", damaged, "%s", "");
	metric_family(f, "mfr_kept_files_lost_bytes", "gauge",
		      "Memory that these have lost.");
	metric_sample(f, "mfr_kept_files_lost_bytes", bytes, "%s", "");
	metric_family(f, "mfr_unseen_processes", "gauge",
		      "Processes whose files could not be looked at.");
	metric_sample(f, "mfr_unseen_processes", kept->unseen, "%s", "");
}

static void print_dimm_figure(FILE *f, const struct dimms *dimms,
			      const char *name, const char *help,
			      size_t offset)
{
	const struct dimm *dimm;
	size_t i;

	metric_family(f, name, "counter", help);
	for (i = 0; i < dimms->n; i++) {
		dimm = &dimms->dimm[i];
		metric_sample(f, name,
			      *(const uint64_t *)((const char *)dimm + offset),
			      "{controller=\"%u\",dimm=\"%u\",label=\"%s\"}",
			      dimm->controller, dimm->number,
			      escaped(dimm->label));
	}
}

static void print_dimms(FILE *f, const struct dimms *dimms)
{
	if (!dimms->n)
		return;
	print_dimm_figure(f, dimms, "mfr_dimm_uncorrected_errors_total",
			  "Uncorrected errors of a DIMM, as EDAC counts them.",
			  offsetof(struct dimm, uncorrected));
	print_dimm_figure(f, dimms, "mfr_dimm_corrected_errors_total",
			  "Corrected errors of a DIMM, as EDAC counts them.",
			  offsetof(struct dimm, corrected));
}

static void print_source(const char *source, const char *why, void *f)
{
	(void)why;
	metric_sample(f, "mfr_source_missing", 1, "{source=\"%s\"}", source);
}

/* So that an alert can tell "no errors" from "not looked". */
static void print_missing(FILE *f, const struct host *host)
{
	metric_family(f, "mfr_source_missing", "gauge",
		      "1 for each source of figures that this host lacks.");
	host_missing(host, print_source, f);
}

void metrics_print(FILE *f, const struct host *host)
{
	print_corrupted(f, &host->corrupted);
	print_nodes(f, &host->nodes);
	print_pools(f, &host->pools);
	print_kept(f, &host->kept);
	print_dimms(f, &host->dimms);
	print_missing(f, host);
}
