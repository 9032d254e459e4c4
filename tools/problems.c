// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find what an operator should act on in a host's state.
 */
#include <err.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "host.h"
#include "moment.h"
#include "problems.h"
#include "size.h"

static void __attribute__((format(printf, 2, 3)))
add(struct problems *problems, const char *fmt, ...)
{
	char **more = reallocarray(problems->text, problems->n + 1,
				   sizeof(*more));
	va_list ap;

	if (!more)
		err(STATUS_UNKNOWN, "no memory for the list of problems");
	problems->text = more;
	va_start(ap, fmt);
	if (vasprintf(&more[problems->n], fmt, ap) < 0)
		err(STATUS_UNKNOWN, "no memory for the list of problems");
	va_end(ap);
	problems->n++;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* find_dimms() names the DIMM, if EDAC knows it. */
static void find_corrupted(struct problems *problems, const struct host *host,
			   uint64_t tolerated_bytes)
{
	if (host->corrupted.err || host->corrupted.bytes <= tolerated_bytes)
		return;
	add(problems, "%s of memory are poisoned: find the DIMM, and replace it if more of it fails",
	    size_text(host->corrupted.bytes).text);
}

static void find_unrecovered(struct problems *problems,
			     const struct nodes *nodes)
{
	uint64_t n;
	size_t i;

	for (i = 0; i < nodes->n; i++) {
		n = nodes->node[i].by_outcome[IGNORED] +
		    nodes->node[i].by_outcome[FAILED];
		if (n)
			add(problems, "node %u: the kernel did not recover from %" PRIu64 " error%s: move what runs there away and reboot",
			    nodes->node[i].id, n, plural(n));
	}
}

static void find_lost(struct problems *problems, const struct kept *kept)
{
	const struct kept_file *file;
	size_t i;

	for (i = 0; i < kept->n; i++) {
		file = &kept->file[i];
		if (file->n_lost)
			add(problems, "%s (%d) has lost %s of %s: migrate or restart it when that suits",
			    file->holder->command, file->holder->pid,
			    size_text(kept_lost_bytes(file)).text, file->name);
	}
}

static void find_dimms(struct problems *problems, const struct dimms *dimms)
{
	size_t i;

	for (i = 0; i < dimms->n; i++)
		if (dimms->dimm[i].uncorrected)
			add(problems, "DIMM %s: %" PRIu64 " uncorrected error%s: replace it",
			    dimms->dimm[i].label, dimms->dimm[i].uncorrected,
			    plural(dimms->dimm[i].uncorrected));
}

/*
 * A scanner that yields to other load may take up to twice cycle_seconds.  A
 * pass that takes longer cannot keep up with its settings.  A paused pass
 * counts as late only after it has ended.
 */
static bool is_late(uint64_t start, uint64_t end, uint64_t cycle_seconds)
{
	return start && end > start &&
	       end - start > 2 * cycle_seconds;
}

static void find_late(struct problems *problems, const struct scan *scan)
{
	const uint64_t *figure = scan->figure;
	uint64_t cycle_seconds = figure[SCAN_CYCLE_SECONDS];

	if (scan->state == SCAN_SCANNING &&
	    is_late(figure[SCAN_PASS_START_SECONDS], (uint64_t)time(NULL),
		    cycle_seconds))
		add(problems, "the scan of node %d that began %s takes more than twice cycle_seconds: raise max_cpu_percent, or cycle_seconds (mfr scan set)",
		    scan->node,
		    moment_text(figure[SCAN_PASS_START_SECONDS]).text);
	else if (is_late(figure[SCAN_LAST_PASS_START_SECONDS],
			 figure[SCAN_LAST_PASS_END_SECONDS], cycle_seconds))
		add(problems, "the last scan of node %d took %s, where cycle_seconds is %" PRIu64 ": raise one of max_cpu_percent and cycle_seconds (mfr scan set)",
		    scan->node,
		    span_text(figure[SCAN_LAST_PASS_END_SECONDS] -
			      figure[SCAN_LAST_PASS_START_SECONDS]).text,
		    cycle_seconds);
}

static void find_stopped(struct problems *problems, const struct scan *scan)
{
	if (scan->state == SCAN_STOPPED)
		add(problems, "the scan of %s has %s, %" PRIu64 " in one pass: find the part that is broken, then start it again (mfr scan)",
		    scan->node == SCAN_DEMAND ? "a range" : scan->name,
		    scan->state_text, scan->figure[SCAN_PASS_HITS]);
	else if (scan->state == SCAN_REFUSED)
		add(problems, "%s is to be scanned, which is %s (mfr scan)",
		    scan->node == SCAN_DEMAND ? "a range" : scan->name,
		    scan->state_text);
}

void problems_find_scanner(struct problems *problems,
			   const struct scanner *scanner)
{
	const struct scan *scan;
	size_t i;

	for (i = 0; i < scanner->n; i++) {
		scan = &scanner->node[i];
		find_stopped(problems, scan);
		if (scan->figure[SCAN_ENABLED])
			find_late(problems, scan);
	}
	find_stopped(problems, &scanner->demand);
}

void problems_find(struct problems *problems, const struct host *host,
		   uint64_t tolerated_bytes)
{
	*problems = (struct problems){ 0 };
	find_unrecovered(problems, &host->nodes);
	find_dimms(problems, &host->dimms);
	find_corrupted(problems, host, tolerated_bytes);
	find_lost(problems, &host->kept);
	problems_find_scanner(problems, &host->scanner);
}

void problems_free(struct problems *problems)
{
	size_t i;

	for (i = 0; i < problems->n; i++)
		free(problems->text[i]);
	free(problems->text);
	*problems = (struct problems){ 0 };
}
