// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "problems.h"

#define INTEGER(value)	((json_int_t)(value))

json_t *json_make(const char *format, ...)
{
	json_error_t error;
	json_t *json;
	va_list ap;

	va_start(ap, format);
	json = json_vpack_ex(&error, 0, format, ap);
	va_end(ap);
	if (!json)
		errx(STATUS_UNKNOWN, "cannot make JSON: %s", error.text);
	return json;
}

static void dump(json_t *json, size_t flags)
{
	json_dumpf(json, stdout, flags | JSON_ENSURE_ASCII);
	json_decref(json);
	putchar('\n');
}

void json_print(json_t *json)
{
	dump(json, JSON_INDENT(2));
}

void json_print_line(json_t *json)
{
	dump(json, JSON_COMPACT);
	fflush(stdout);
}

json_t *json_of_name(const char *name)
{
	json_t *json = json_string(name);

	return json ? json : json_null();
}

json_t *json_of_problems(const struct problems *problems)
{
	json_t *list = json_make("[]");
	size_t i;

	for (i = 0; i < problems->n; i++)
		json_array_append_new(list, json_of_name(problems->text[i]));
	return list;
}

static void add_missing(const char *source, const char *why, void *list)
{
	json_array_append_new(list, json_make("{ss ss}", "source", source,
					      "reason", why));
}

json_t *json_of_missing(const struct host *host)
{
	json_t *list = json_make("[]");

	host_missing(host, add_missing, list);
	return list;
}

static json_t *of_nodes(const struct nodes *nodes)
{
	json_t *list = json_make("[]"), *node;
	size_t i, j;

	for (i = 0; i < nodes->n; i++) {
		node = json_make("{si sI}", "node", (int)nodes->node[i].id,
				 "total", INTEGER(nodes->node[i].total));
		for (j = 0; j < N_OUTCOMES; j++)
			json_object_set_new(node, outcome_names[j],
				json_integer(INTEGER(nodes->node[i].by_outcome[j])));
		json_array_append_new(list, node);
	}
	return list;
}

static json_t *of_pools(const struct pools *pools)
{
	const struct pool *pool;
	json_t *list = json_make("[]");
	size_t i;

	for (i = 0; i < pools->n; i++) {
		pool = &pools->pool[i];
		json_array_append_new(list, json_make("{sI sI sI sI sI}",
			"page_bytes", INTEGER(pool->page_bytes),
			"total", INTEGER(pool->total),
			"free", INTEGER(pool->free),
			"reserved", INTEGER(pool->reserved),
			"surplus", INTEGER(pool->surplus)));
	}
	return list;
}

static json_t *of_lost(const struct kept_file *file)
{
	json_t *list = json_make("[]");
	size_t i;

	for (i = 0; i < file->n_lost; i++)
		json_array_append_new(list, json_make("{sI sI}",
			"offset", INTEGER(file->lost[i].offset),
			"length", INTEGER(file->lost[i].length)));
	return list;
}

static json_t *of_holders(const struct kept_file *file)
{
	json_t *list = json_make("[]");
	size_t i;

	for (i = 0; i < file->n_holders; i++)
		json_array_append_new(list, json_make("{si so}",
			"pid", (int)file->holder[i].pid,
			"command", json_of_name(file->holder[i].command)));
	return list;
}

static json_t *of_kept(const struct kept *kept)
{
	json_t *list = json_make("[]");
	size_t i;

	for (i = 0; i < kept->n; i++)
		json_array_append_new(list, json_make("{so sI so so}",
			"name", json_of_name(kept->file[i].name),
			"lost_bytes",
			INTEGER(kept_lost_bytes(&kept->file[i])),
			"lost", of_lost(&kept->file[i]),
			"holders", of_holders(&kept->file[i])));
	return list;
}

static json_t *of_dimms(const struct dimms *dimms)
{
	json_t *list = json_make("[]");
	size_t i;

	for (i = 0; i < dimms->n; i++)
		json_array_append_new(list, json_make("{so so sI sI}",
			"label", json_of_name(dimms->dimm[i].label),
			"location", json_of_name(dimms->dimm[i].location),
			"uncorrected", INTEGER(dimms->dimm[i].uncorrected),
			"corrected", INTEGER(dimms->dimm[i].corrected)));
	return list;
}

/* Set @path in @json: "hits/known" is the member known of the object hits. */
static void set_below(json_t *json, const char *path, json_t *value)
{
	const char *slash = strchr(path, '/');
	char name[32];
	json_t *below;

	if (!slash) {
		json_object_set_new(json, path, value);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
	below = json_object_get(json, name);
	if (!below) {
		below = json_make("{}");
		json_object_set_new(json, name, below);
	}
	json_object_set_new(below, slash + 1, value);
}

static json_t *json_of_word(const char *word)
{
	return *word ? json_of_name(word) : json_null();
}

/* Values as in sysfs; null for a file that is missing or not readable. */
json_t *json_of_scan(const struct scan *scan)
{
	json_t *json = json_make("{ss so}", "name", scan->name,
				 "state", json_of_name(scan->state_text));
	int i;

	json_object_set_new(json, "scope", json_of_word(scan->scope));
	json_object_set_new(json, "pace", json_of_word(scan->pace));
	for (i = 0; i < N_SCAN_FIGURES; i++)
		set_below(json, scan_figures[i].file, scan->known[i] ?
			  json_integer(INTEGER(scan->figure[i])) : json_null());
	set_below(json, "last_pass/scope", json_of_word(scan->last_scope));
	return json;
}

json_t *json_of_scanner(const struct scanner *scanner)
{
	json_t *nodes, *checks;
	size_t i;

	if (scanner->err)
		return json_null();
	nodes = json_make("[]");
	for (i = 0; i < scanner->n; i++)
		json_array_append_new(nodes, json_of_scan(&scanner->node[i]));
	checks = json_make("[]");
	for (i = 0; i < scanner->n_checks; i++)
		json_array_append_new(checks, json_make("{so so sb}",
			"check", json_of_name(scanner->check[i].name),
			"verdict", json_of_name(scanner->check[i].verdict),
			"refuses", scanner->check[i].refuses));
	return json_make("{sb sI so so so}",
		"paused", scanner->paused != 0,
		"max_hits", INTEGER(scanner->max_hits),
		"checks", checks,
		"nodes", nodes,
		"demand", json_of_scan(&scanner->demand));
}

json_t *json_of_host(const struct host *host)
{
	return json_make("{so so so so si so so}",
		"corrupted_bytes", host->corrupted.err ? json_null() :
			json_integer(INTEGER(host->corrupted.bytes)),
		"nodes", of_nodes(&host->nodes),
		"hugepages", of_pools(&host->pools),
		"kept", of_kept(&host->kept),
		"processes_not_seen", (int)host->kept.unseen,
		"dimms", of_dimms(&host->dimms),
		"scanner", json_of_scanner(&host->scanner));
}
