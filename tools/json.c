// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "json.h"
#include "plain.h"
#include "problems.h"
#include "root.h"

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

static bool printed;

bool json_printed(void)
{
	return printed;
}

static void dump(json_t *json, size_t flags)
{
	printed = true;
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

	return json ? json : json_make("s", plain_text(name).text);
}

json_t *json_of_count(uint64_t count)
{
	return count == COUNT_UNKNOWN ? json_null() :
	       json_integer(INTEGER(count));
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
		node = json_make("{si so}", "node", (int)nodes->node[i].id,
				 "total", json_of_count(nodes->node[i].total));
		for (j = 0; j < N_OUTCOMES; j++)
			json_object_set_new(node, outcome_names[j],
				json_of_count(nodes->node[i].by_outcome[j]));
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
		json_array_append_new(list, json_make("{sI so so so so}",
			"page_bytes", INTEGER(pool->page_bytes),
			"total", json_of_count(pool->total),
			"free", json_of_count(pool->free),
			"reserved", json_of_count(pool->reserved),
			"surplus", json_of_count(pool->surplus)));
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

static json_t *of_unkept(const struct kept *kept)
{
	json_t *list = json_make("[]");
	const struct unkept *u;
	size_t i;

	for (i = 0; i < kept->n_unkept; i++) {
		u = &kept->unkept[i];
		json_array_append_new(list, json_make("{si so ss sI sI}",
			"pid", (int)u->process.pid,
			"command", json_of_name(u->process.command),
			"reason", unkept_names[u->why],
			"page_bytes", INTEGER(u->page_bytes),
			"bytes", INTEGER(u->bytes)));
	}
	return list;
}

static json_t *of_dimms(const struct dimms *dimms)
{
	json_t *list = json_make("[]");
	const struct dimm *dimm;
	size_t i;

	for (i = 0; i < dimms->n; i++) {
		dimm = &dimms->dimm[i];
		json_array_append_new(list, json_make("{si ss so so so so}",
			"controller", (int)dimm->controller,
			"dimm", dimm->name,
			"label", json_of_name(dimm->label),
			"location", json_of_name(dimm->location),
			"uncorrected", json_of_count(dimm->uncorrected),
			"corrected", json_of_count(dimm->corrected)));
	}
	return list;
}

static json_t *of_controllers(const struct dimms *dimms)
{
	json_t *list = json_make("[]");
	const struct controller *c;
	size_t i;

	for (i = 0; i < dimms->n_controllers; i++) {
		c = &dimms->controller[i];
		json_array_append_new(list, json_make("{si so so so so so}",
			"controller", (int)c->number,
			"type", json_of_name(c->name),
			"uncorrected", json_of_count(c->uncorrected),
			"corrected", json_of_count(c->corrected),
			"untraced_uncorrected",
			json_of_count(c->untraced_uncorrected),
			"untraced_corrected",
			json_of_count(c->untraced_corrected)));
	}
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
	json_object_set_new(json, "action", json_of_word(scan->action));
	json_object_set_new(json, "hugetlb_action",
			    json_of_word(scan->hugetlb_action));
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
	return json_make("{sb sI sI sI so so}",
		"paused", scanner->paused != 0,
		"max_hits", INTEGER(scanner->max_hits),
		"max_hits_per_minute", INTEGER(scanner->max_hits_per_minute),
		"pending", INTEGER(scanner->pending),
		"checks", checks,
		"nodes", nodes);
}

json_t *json_of_host(const struct host *host)
{
	return json_make("{so sI so so so so si so so so}",
		"corrupted_bytes", host->corrupted.err ? json_null() :
			json_integer(INTEGER(host->corrupted.bytes)),
		"restored_bytes", INTEGER(host->corrupted.restored_bytes),
		"nodes", of_nodes(&host->nodes),
		"hugepages", of_pools(&host->pools),
		"kept", of_kept(&host->kept),
		"not_kept", of_unkept(&host->kept),
		"processes_not_seen", (int)(host->kept.unseen + host->kept.hanging),
		"dimms", of_dimms(&host->dimms),
		"controllers", of_controllers(&host->dimms),
		"scanner", json_of_scanner(&host->scanner));
}
