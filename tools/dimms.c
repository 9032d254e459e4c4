// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "csrows.h"
#include "dimms.h"
#include "root.h"

#define CONTROLLERS	"/sys/devices/system/edac/mc"
#define CONTROLLER	CONTROLLERS "/mc%u/"
#define MODULE		CONTROLLER "%s/"

struct dimm *dimms_add(struct dimms *dimms, unsigned int mc)
{
	struct dimm *more = reallocarray(dimms->dimm, dimms->n + 1,
					 sizeof(*more));

	if (!more)
		return NULL;
	dimms->dimm = more;
	more[dimms->n] = (struct dimm){ .controller = mc };
	return &more[dimms->n++];
}

/* Returns why a count was not read, or 0; a label may be missing. */
static int read_dimm(struct dimm *dimm)
{
	unsigned int mc = dimm->controller;
	int uncorrected, corrected;

	if (read_line(dimm->label, sizeof(dimm->label), MODULE "dimm_label",
		      mc, dimm->name) || !*dimm->label)
		snprintf(dimm->label, sizeof(dimm->label), "mc%u %s", mc,
			 dimm->name);
	if (read_line(dimm->location, sizeof(dimm->location),
		      MODULE "dimm_location", mc, dimm->name))
		*dimm->location = '\0';
	uncorrected = read_count(&dimm->uncorrected, MODULE "dimm_ue_count",
				 mc, dimm->name);
	corrected = read_count(&dimm->corrected, MODULE "dimm_ce_count", mc,
			       dimm->name);
	return uncorrected ? uncorrected : corrected;
}

static bool has_counts(const struct dimm *dimm)
{
	return dimm->uncorrected != COUNT_UNKNOWN ||
	       dimm->corrected != COUNT_UNKNOWN;
}

/* Add the module @name.  Returns 1 if it has a count, 0 if not, or -ENOMEM. */
static int add_module(struct dimms *dimms, unsigned int mc, const char *prefix,
		      unsigned int number)
{
	struct dimm *dimm = dimms_add(dimms, mc);
	int err;

	if (!dimm)
		return -ENOMEM;
	snprintf(dimm->name, sizeof(dimm->name), "%s%u", prefix, number);
	err = read_dimm(dimm);
	if (err)
		unread_member(&dimms->unread, err, "mc%u/%s", mc, dimm->name);
	if (has_counts(dimm))
		return 1;
	dimms->n--;
	return 0;
}

/* Returns how many modules of that name have counts, or -ENOMEM. */
static int read_modules(struct dimms *dimms, unsigned int mc,
			const char *prefix)
{
	char dir[sizeof(CONTROLLERS) + 16];
	unsigned int *ids;
	int i, n, added, good = 0;

	snprintf(dir, sizeof(dir), CONTROLLERS "/mc%u", mc);
	n = list_numbered(dir, prefix, &ids);
	if (n < 0)
		unread_member(&dimms->unread, n, "mc%u", mc);
	for (i = 0; i < n && good >= 0; i++) {
		added = add_module(dimms, mc, prefix, ids[i]);
		good = added < 0 ? added : good + added;
	}
	free(ids);
	return good;
}

/* 0 or -ENOMEM.  The rows repeat the modules, unless these have no counts. */
static int read_layouts(struct dimms *dimms, unsigned int mc)
{
	struct unread before = dimms->unread, modules;
	int ranks, rows, n = read_modules(dimms, mc, "dimm");

	if (n < 0)
		return n;
	ranks = read_modules(dimms, mc, "rank");
	if (ranks || n)
		return ranks < 0 ? ranks : 0;
	modules = dimms->unread;
	dimms->unread = before;
	rows = csrows_read(dimms, mc);
	if (rows <= 0)
		dimms->unread = modules;
	return rows == -ENOMEM ? rows : 0;
}

/* True if any is known; @err is why the first one is not. */
static bool read_totals(struct controller *c, int *err)
{
	const struct {
		const char *file;
		uint64_t *value;
	} files[] = {
		{ "ue_count", &c->uncorrected },
		{ "ce_count", &c->corrected },
		{ "ue_noinfo_count", &c->untraced_uncorrected },
		{ "ce_noinfo_count", &c->untraced_corrected },
	};
	bool known = false;
	size_t i;
	int ret;

	for (*err = 0, i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ret = read_count(files[i].value, CONTROLLER "%s", c->number,
				 files[i].file);
		known |= !ret;
		*err = *err ? *err : ret;
	}
	if (read_line(c->name, sizeof(c->name), CONTROLLER "mc_name",
		      c->number))
		*c->name = '\0';
	return known;
}

/* Drivers differ in what they count as "noinfo": the difference tells, too. */
static uint64_t untraced(uint64_t noinfo, uint64_t total, uint64_t traced)
{
	uint64_t rest;

	if (total == COUNT_UNKNOWN)
		return noinfo;
	rest = total > traced ? total - traced : 0;
	return noinfo == COUNT_UNKNOWN || rest > noinfo ? rest : noinfo;
}

static uint64_t known(uint64_t count)
{
	return count == COUNT_UNKNOWN ? 0 : count;
}

static void trace(struct controller *c, const struct dimms *dimms,
		  size_t first)
{
	uint64_t uncorrected = 0, corrected = 0;
	size_t i;

	for (i = first; i < dimms->n; i++) {
		uncorrected += known(dimms->dimm[i].uncorrected);
		corrected += known(dimms->dimm[i].corrected);
	}
	c->untraced_uncorrected = untraced(c->untraced_uncorrected,
					   c->uncorrected, uncorrected);
	c->untraced_corrected = untraced(c->untraced_corrected, c->corrected,
					 corrected);
}

/*
 * 0 or -ENOMEM.  The totals are read first: an error that comes between is none
 * of an unknown module then.  Every kernel has them, but where each module is
 * counted they are not missed.
 */
static int read_controller(struct dimms *dimms, struct controller *c)
{
	size_t first = dimms->n;
	int err, no_memory;
	bool any = read_totals(c, &err);

	no_memory = read_layouts(dimms, c->number);
	if (no_memory)
		return no_memory;
	if (err && (err != -ENOENT || dimms->n == first))
		unread_member(&dimms->unread, err, "mc%u", c->number);
	if (any) {
		trace(c, dimms, first);
		dimms->n_controllers++;
	}
	return 0;
}

static int read_controllers(struct dimms *dimms, const unsigned int *ids,
			    size_t n)
{
	struct controller *c;
	size_t i;
	int err = 0;

	dimms->controller = calloc(n, sizeof(*dimms->controller));
	if (!dimms->controller)
		return -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		c = &dimms->controller[dimms->n_controllers];
		*c = (struct controller){ .number = ids[i] };
		err = read_controller(dimms, c);
	}
	return err;
}

void dimms_read(struct dimms *dimms)
{
	unsigned int *ids;
	int n = list_numbered(CONTROLLERS, "mc", &ids), err = n;

	*dimms = (struct dimms){ 0 };
	if (n > 0)
		err = read_controllers(dimms, ids, (size_t)n);
	else if (!n)
		err = -ENOENT;
	if (err)
		unread_all(&dimms->unread, err);
	free(ids);
}

void dimms_free(struct dimms *dimms)
{
	free(dimms->dimm);
	free(dimms->controller);
	*dimms = (struct dimms){ 0 };
}
