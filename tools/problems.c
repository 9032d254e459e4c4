// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find what an operator should act on in a host's state.
 */
#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "host.h"
#include "moment.h"
#include "plain.h"
#include "problems.h"
#include "restored.h"
#include "root.h"
#include "size.h"

/* The names in it are others', and it has to stay one line. */
void problems_add(struct problems *problems, const char *fmt, ...)
{
	char **more = reallocarray(problems->text, problems->n + 1,
				   sizeof(*more));
	char *raw;
	va_list ap;

	if (!more)
		err(STATUS_UNKNOWN, "no memory for the list of problems");
	problems->text = more;
	va_start(ap, fmt);
	if (vasprintf(&raw, fmt, ap) < 0)
		err(STATUS_UNKNOWN, "no memory for the list of problems");
	va_end(ap);
	more[problems->n++] = plain_copy(raw);
	free(raw);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* find_dimms() names the DIMM, if EDAC knows it. */
static void find_corrupted(struct problems *problems, const struct host *host,
			   uint64_t tolerated_bytes)
{
	uint64_t bytes = host->corrupted.bytes - host->corrupted.restored_bytes;

	if (host->corrupted.err || bytes <= tolerated_bytes)
		return;
	problems_add(problems, "%s of memory are poisoned: find the DIMM, and replace it if more of it fails",
		     size_text(bytes).text);
}

static uint64_t known(uint64_t count)
{
	return count == COUNT_UNKNOWN ? 0 : count;
}

/* A page that badpages restore could not retire is counted as failed, too. */
static void find_unrecovered(struct problems *problems,
			     const struct nodes *nodes)
{
	uint64_t n, restored;
	char name[32];
	size_t i;

	for (i = 0; i < nodes->n; i++) {
		snprintf(name, sizeof(name), "node%u", nodes->node[i].id);
		restored = restored_find(name);
		n = node_unrecovered(&nodes->node[i]);
		n = n > restored ? n - restored : 0;
		if (n)
			problems_add(problems, "node %u: the kernel did not recover from %" PRIu64 " error%s: move what runs there away and reboot",
				     nodes->node[i].id, n, plural(n));
	}
}

static bool is_qemu(const struct holder *holder)
{
	return !strncmp(holder->command, "qemu-", 5);
}

/* A VMM shares its guest's memory with helpers, which are not what to restart. */
static const struct holder *owner(const struct kept_file *file)
{
	size_t i;

	for (i = 0; i < file->n_holders; i++)
		if (is_qemu(&file->holder[i]))
			return &file->holder[i];
	return file->holder;
}

void problems_find_lost(struct problems *problems, const struct kept *kept)
{
	const struct kept_file *file;
	const struct holder *holder;
	size_t i;

	for (i = 0; i < kept->n; i++) {
		file = &kept->file[i];
		holder = owner(file);
		if (file->n_lost)
			problems_add(problems, "%s (%d) has lost %s of %s: %s",
				     holder->command, holder->pid,
				     size_text(kept_lost_bytes(file)).text,
				     file->name, is_qemu(holder) ?
				     "shut its guest down and start it again when that suits; QEMU cannot migrate it, and resets it only with a spare huge page" :
				     "restart it when that suits");
	}
}

/* Of a rank, the label is that of a part of a DIMM; of a row, of several. */
static void find_dimms(struct problems *problems, const struct dimms *dimms)
{
	const struct dimm *dimm;
	bool several;
	size_t i;

	for (i = 0; i < dimms->n; i++) {
		dimm = &dimms->dimm[i];
		if (!known(dimm->uncorrected))
			continue;
		several = !strncmp(dimm->name, "csrow", 5) &&
			  strchr(dimm->label, '+');
		problems_add(problems, "%s %s: %" PRIu64 " uncorrected error%s: replace %s",
			     several ? "DIMMs" : !strncmp(dimm->name, "dimm", 4) ?
			     "DIMM" : "DIMM of", dimm->label, dimm->uncorrected,
			     plural(dimm->uncorrected), several ? "one of these" : "it");
	}
}

static void find_untraced(struct problems *problems, const struct dimms *dimms)
{
	const struct controller *c;
	size_t i;

	for (i = 0; i < dimms->n_controllers; i++) {
		c = &dimms->controller[i];
		if (known(c->untraced_uncorrected))
			problems_add(problems, "memory controller %u%s%s%s: %" PRIu64 " uncorrected error%s of no known DIMM: find it by the address in the kernel's log, or in that of the BMC",
				     c->number, *c->name ? " (" : "", c->name,
				     *c->name ? ")" : "",
				     c->untraced_uncorrected,
				     plural(c->untraced_uncorrected));
	}
}

/* What keeps the scan of a node from being in time. */
static const char *why_old(const struct scan *scan)
{
	if (!scan->figure[SCAN_ENABLED])
		return "it is switched off: mfr scan start";
	if (scan->state == SCAN_PAUSED)
		return "scanning is paused: mfr scan set pause=0";
	if (scan->state == SCAN_REFUSED)
		return "scanning is refused: mfr scan";
	if (scan->state == SCAN_WAITING)
		return "too many hits make it wait";
	return "raise one of max_cpu_percent and cycle_seconds (mfr scan set)";
}

/*
 * A scanner that yields to other load may take up to twice cycle_seconds, and an
 * eighth is for the part that is being read.  A node that was never scanned is not
 * meant to be.
 */
static void find_old(struct problems *problems, const struct scan *scan,
		     uint64_t limit_seconds)
{
	uint64_t age = scan->figure[SCAN_AGE_SECONDS];

	if (!limit_seconds)
		limit_seconds = scan->figure[SCAN_CYCLE_SECONDS] * 17 / 8;
	if (!scan->figure[SCAN_ENABLED] && !scan->figure[SCAN_READ_BYTES])
		return;
	if (age > limit_seconds)
		problems_add(problems, "node %d has memory that was not read for %s, where %s is the limit: %s",
			     scan->node, span_text(age).text,
			     span_text(limit_seconds).text, why_old(scan));
}

static void find_refused(struct problems *problems, const struct scan *scan)
{
	if (scan->state == SCAN_REFUSED)
		problems_add(problems, "%s is to be scanned, which is %s (mfr scan)",
			     scan->name, scan->state_text);
}

/* So many hits that not all of a node is read, or not at its pace. */
static void find_many_hits(struct problems *problems, const struct scan *scan)
{
	uint64_t broken = scan->figure[SCAN_LAST_PASS_BROKEN_PAGES];

	if (broken)
		problems_add(problems, "the last scan of node %d left out %s around many errors: find the part that is broken (mfr scan)",
			     scan->node, size_text(broken * 4096).text);
	if (scan->state == SCAN_WAITING)
		problems_add(problems, "the scan of node %d waits, as it has found max_hits_per_minute: find the part that is broken (mfr scan)",
			     scan->node);
}

void problems_find_scanner(struct problems *problems,
			   const struct scanner *scanner,
			   uint64_t max_age_seconds)
{
	const struct scan *scan;
	size_t i;

	for (i = 0; i < scanner->n; i++) {
		scan = &scanner->node[i];
		find_refused(problems, scan);
		find_many_hits(problems, scan);
		find_old(problems, scan, max_age_seconds);
	}
	if (scanner->pending)
		problems_add(problems, "%" PRIu64 " page%s with errors %s still in use: move what uses %s, then isolate %s (mfr scan pending)",
			     scanner->pending,
			     plural(scanner->pending),
			     scanner->pending == 1 ? "is" : "are",
			     scanner->pending == 1 ? "it" : "them",
			     scanner->pending == 1 ? "it" : "them");
}

void problems_find(struct problems *problems, const struct host *host,
		   const struct limits *limits)
{
	*problems = (struct problems){ 0 };
	find_unrecovered(problems, &host->nodes);
	find_dimms(problems, &host->dimms);
	find_untraced(problems, &host->dimms);
	find_corrupted(problems, host, limits->poisoned_bytes);
	problems_find_lost(problems, &host->kept);
	problems_find_scanner(problems, &host->scanner,
			      limits->max_age_seconds);
}

void problems_free(struct problems *problems)
{
	size_t i;

	for (i = 0; i < problems->n; i++)
		free(problems->text[i]);
	free(problems->text);
	*problems = (struct problems){ 0 };
}
