// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "json.h"
#include "moment.h"
#include "plain.h"
#include "progress.h"
#include "scan_table.h"
#include "size.h"

#define BAR_COLUMNS	30
#define UNKNOWN		UINT64_MAX

bool progress_has_bars(void)
{
	return !want_json && isatty(STDERR_FILENO);
}

/*
 * The percentage is rounded down, so it only bounds the time left, by @least
 * and @most.  cycle_seconds is more precise if it lies within these bounds.
 */
static uint64_t seconds_left(const struct scan *scan)
{
	uint64_t percent = scan->figure[SCAN_PROGRESS_PERCENT];
	uint64_t cycle = scan->figure[SCAN_CYCLE_SECONDS];
	uint64_t start = scan->figure[SCAN_PASS_START_SECONDS];
	uint64_t now = (uint64_t)time(NULL), elapsed, least, most, due;

	if (scan->state != SCAN_SCANNING || percent >= 100 || now < start ||
	    (!percent && !cycle))
		return UNKNOWN;
	elapsed = now - start;
	least = elapsed * (99 - percent) / (percent + 1);
	most = percent ? elapsed * (100 - percent) / percent : UINT64_MAX;
	due = cycle > elapsed ? cycle - elapsed : 0;
	return due < least ? least : due > most ? most : due;
}

static void draw_bar(uint64_t percent)
{
	unsigned int i, full = (unsigned int)(percent * BAR_COLUMNS / 100);

	fputs(" [", stderr);
	for (i = 0; i < BAR_COLUMNS; i++)
		fputc(i < full ? '=' : i == full ? '>' : ' ', stderr);
	fputc(']', stderr);
}

static void show_text(const struct scan *scan, uint64_t percent, bool ended)
{
	uint64_t left = seconds_left(scan);

	fprintf(stderr, "%-7s", scan->name);
	if (progress_has_bars())
		draw_bar(percent);
	fprintf(stderr, " %3" PRIu64 " %%  %11s  ", percent,
		rate_text(scan->figure[SCAN_RATE_BYTES_PER_SECOND]).text);
	if (ended)
		fputs("done", stderr);
	else if (left != UNKNOWN)
		fprintf(stderr, "%s left", span_text(left).text);
	else
		fputs(plain_text(scan_state_shown(scan)).text, stderr);
	fputs(progress_has_bars() ? "\033[K\n" : "\n", stderr);
}

static void show_json(const struct scan *scan, uint64_t percent, bool ended)
{
	uint64_t left = seconds_left(scan);

	json_print_line(json_make("{ss ss sb sI sI so so}",
		"schema", "mfr-scan-progress-1",
		"scan", scan->name,
		"ended", ended,
		"progress_percent", (json_int_t)percent,
		"rate_bytes_per_second",
		(json_int_t)scan->figure[SCAN_RATE_BYTES_PER_SECOND],
		"seconds_left", ended || left == UNKNOWN ? json_null() :
			json_integer((json_int_t)left),
		"state", json_of_name(scan_state_shown(scan))));
}

static bool is_news(const struct progress *progress, uint64_t percent,
		    const char *state)
{
	return progress_has_bars() || progress->shown_percent != percent ||
	       strcmp(progress->shown_state, state);
}

void progress_show(struct progress *progress, const struct scan *scan,
		   bool ended)
{
	uint64_t percent = ended ? 100 : scan->figure[SCAN_PROGRESS_PERCENT];
	char state[sizeof(progress->shown_state)];

	snprintf(state, sizeof(state), "%.31s",
		 ended ? "ended" : scan_state_shown(scan));
	if (!is_news(progress, percent, state))
		return;
	progress->shown_percent = percent;
	strcpy(progress->shown_state, state);
	(want_json ? show_json : show_text)(scan, percent, ended);
}

void progress_rewind(size_t n_scans)
{
	if (progress_has_bars())
		fprintf(stderr, "\033[%zuA", n_scans);
}
