// SPDX-License-Identifier: GPL-2.0-only
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "follow.h"
#include "interrupt.h"

#define POLL_MS		200

static void judge(struct followed *f, const struct scan *now)
{
	f->completed = now->figure[SCAN_PASSES] >
		       f->before->figure[SCAN_PASSES];
	f->hits = scan_hits(now) - scan_hits(f->before);
	f->ended = f->completed || !now->figure[SCAN_ENABLED];
}

/* Update and show all scans.  Returns the number that have ended. */
static size_t look(struct followed *followed, size_t n, bool shown,
		   const struct scanner *scanner)
{
	const struct scan *now;
	size_t i, ended = 0;

	for (i = 0; i < n; i++) {
		now = scanner_find(scanner, followed[i].before->node);
		if (!now)
			now = followed[i].before;	/* the node has gone */
		if (!followed[i].ended)
			judge(&followed[i], now);
		if (shown)
			progress_show(&followed[i].progress, now,
				      followed[i].completed);
		ended += followed[i].ended;
	}
	return ended;
}

static void say_it_goes_on(const struct scan *scan)
{
	warnx("%s: the kernel continues the scan; mfr scan stop --node=%d stops it",
	      scan->name, scan->node);
}

static int result(const struct followed *followed, size_t n)
{
	enum status status = STATUS_FINE;
	uint64_t hits = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		hits += followed[i].hits;
		if (followed[i].completed)
			continue;
		status = STATUS_UNKNOWN;
		if (followed[i].ended)
			warnx("%s: the scan ended before its pass was complete; mfr scan shows why",
			      followed[i].before->name);
		else
			say_it_goes_on(followed[i].before);
	}
	return hits ? STATUS_PROBLEM : status;
}

int follow(struct followed *followed, size_t n, bool shown)
{
	struct scanner scanner;
	size_t ended;

	for (;;) {
		scanner_read(&scanner);
		if (scanner.err) {
			warnx("the module memscan was unloaded: %s",
			      strerror(-scanner.err));
			scanner_free(&scanner);
			return STATUS_UNKNOWN;
		}
		ended = look(followed, n, shown, &scanner);
		scanner_free(&scanner);
		if (ended == n || interrupted())
			return result(followed, n);
		interrupt_or_pause(POLL_MS);
		if (shown)
			progress_rewind(n);
	}
}
