// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel reads memory while we read from the device: one line at a time says
 * how far it is, what was hit, and in the end what became of all pages.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "interrupt.h"
#include "json.h"
#include "progress.h"
#include "range.h"
#include "root.h"
#include "scanner.h"
#include "size.h"

#define DEVICE		"/dev/memscan"
#define BASE_PAGE	4096u
#define MAX_LINE	256

enum hit { HIT_RECOVERED, HIT_KNOWN, HIT_NOT_RECOVERED, N_HITS };

static const char *const outcomes[N_HITS] = {
	[HIT_RECOVERED] = "recovered",
	[HIT_KNOWN] = "known",
	[HIT_NOT_RECOVERED] = "not recovered",
};

/* The reasons in the last line, as in last_pass/. */
static const char *const reasons[] = {
	"read", "leaving", "offline", "hwpoison", "known", "unmapped",
};
enum { N_REASONS = sizeof(reasons) / sizeof(reasons[0]) };

struct reading {
	const struct range *range;
	uint64_t at;			/* has come so far */
	uint64_t hits[N_HITS];
	json_t *lost;			/* for JSON: the pages that were hit */
	uint64_t pages[N_REASONS];
	bool ended;
	struct progress progress;
	struct scan shown;		/* for the progress */
	bool drawn;			/* it is on the line above */
};

/*
 * What the kernel says
 */

static void take_hit(struct reading *reading, const char *line)
{
	char outcome[32];
	uint64_t address;
	int i;

	if (sscanf(line, "hit %" SCNx64 " %31[^\n]", &address, outcome) != 2)
		return;
	for (i = 0; i < N_HITS; i++)
		reading->hits[i] += !strcmp(outcome, outcomes[i]);
	reading->at = address;
	if (want_json)
		json_array_append_new(reading->lost, json_make("{sI ss}",
			"address", (json_int_t)address, "outcome", outcome));
	else
		printf("0x%" PRIx64 " %s\n", address, outcome);
	reading->drawn = false;
}

static void take_end(struct reading *reading, const char *line)
{
	char key[32];
	const char *at;
	int i;

	for (i = 0; i < N_REASONS; i++) {
		snprintf(key, sizeof(key), " %s_pages=", reasons[i]);
		at = strstr(line, key);
		if (at)
			reading->pages[i] = strtoull(at + strlen(key), NULL, 10);
	}
	reading->at = reading->range->address + reading->range->size;
	reading->ended = true;
}

static void take_line(struct reading *reading, const char *line)
{
	if (!strncmp(line, "hit ", 4))
		take_hit(reading, line);
	else if (!strncmp(line, "end ", 4))
		take_end(reading, line);
	else
		sscanf(line, "at %" SCNx64, &reading->at);
}

static void show(struct reading *reading)
{
	const struct range *range = reading->range;
	uint64_t done = reading->at - range->address;
	time_t start = (time_t)reading->shown.figure[SCAN_PASS_START_SECONDS];
	time_t took = time(NULL) - start;

	reading->shown.figure[SCAN_PROGRESS_PERCENT] =
		(uint64_t)(100.0 * (double)done / (double)range->size);
	reading->shown.figure[SCAN_RATE_BYTES_PER_SECOND] =
		done / (uint64_t)(took > 0 ? took : 1);
	if (reading->drawn)
		progress_rewind(1);
	progress_show(&reading->progress, &reading->shown, reading->ended);
	reading->drawn = true;
}

/* Until the end, a signal, or a failure; 0 or a negative errno. */
static int follow_lines(struct reading *reading, int fd)
{
	char line[MAX_LINE + 1];
	ssize_t n;

	while (!reading->ended && !interrupted()) {
		n = read(fd, line, MAX_LINE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		line[n] = '\0';
		take_line(reading, line);
		if (reading->range->watch)
			show(reading);
		interrupt_or_pause(0);
	}
	return 0;
}

/*
 * What we say
 */

static uint64_t all_hits(const struct reading *reading)
{
	return reading->hits[HIT_RECOVERED] + reading->hits[HIT_KNOWN] +
	       reading->hits[HIT_NOT_RECOVERED];
}

static void print_text(const struct reading *reading)
{
	int i;

	printf("read %s", size_text(reading->pages[0] * BASE_PAGE).text);
	for (i = 1; i < N_REASONS; i++)
		if (reading->pages[i])
			printf(", left out %" PRIu64 " %s page%s",
			       reading->pages[i], reasons[i],
			       reading->pages[i] == 1 ? "" : "s");
	printf("; hits: %" PRIu64 " recovered, %" PRIu64 " known, %" PRIu64
	       " not recovered\n", reading->hits[HIT_RECOVERED],
	       reading->hits[HIT_KNOWN], reading->hits[HIT_NOT_RECOVERED]);
}

static void print_json(const struct reading *reading)
{
	json_t *pages = json_make("{}");
	int i;

	for (i = 0; i < N_REASONS; i++)
		json_object_set_new(pages, reasons[i],
				    json_integer((json_int_t)reading->pages[i]));
	json_print_line(json_make("{ss sb sI so sO s{sI sI sI}}",
		"schema", "mfr-scan-range-1",
		"ended", reading->ended,
		"read_bytes", (json_int_t)(reading->pages[0] * BASE_PAGE),
		"pages", pages, "lost", reading->lost,
		"hits", "recovered", (json_int_t)reading->hits[HIT_RECOVERED],
		"known", (json_int_t)reading->hits[HIT_KNOWN],
		"not_recovered", (json_int_t)reading->hits[HIT_NOT_RECOVERED]));
}

static void say_why(const struct reading *reading, int err)
{
	if (err == -EAGAIN)
		warnx("the scanner is paused; to resume it: mfr scan set pause=0");
	else if (err == -EPERM)
		warnx("the kernel refuses to scan this machine; mfr scan shows why");
	else if (err)
		warnx("cannot read from " DEVICE ": %s", strerror(-err));
	warnx("the range was read up to 0x%" PRIx64 ": mfr scan range 0x%" PRIx64
	      " %" PRIu64 " max_cpu_percent=%" PRIu64 " reads the rest",
	      reading->at, reading->at, reading->range->address +
	      reading->range->size - reading->at,
	      reading->range->max_cpu_percent);
}

static int report(const struct reading *reading, int err)
{
	if (!reading->ended)
		say_why(reading, err);
	if (want_json)
		print_json(reading);
	else if (reading->ended)
		print_text(reading);
	return all_hits(reading) ? STATUS_PROBLEM :
	       reading->ended ? STATUS_FINE : STATUS_UNKNOWN;
}

/*
 * Starting
 */

static int order(const struct range *range, int fd)
{
	char line[128];
	int n = snprintf(line, sizeof(line), "0x%" PRIx64 " %" PRIu64 " %" PRIu64
			 "\n", range->address, range->size,
			 range->max_cpu_percent);

	return write(fd, line, (size_t)n) == n ? 0 : -errno;
}

/* A descriptor, or -1 after saying why. */
static int open_ordered(const struct range *range)
{
	int err, fd = open(root_path(DEVICE), O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		warn("cannot open " DEVICE "%s",
		     errno == EACCES || errno == EPERM ? " (run as root)" :
		     errno == ENOENT ? " (load the module of this version)" :
		     "");
		return -1;
	}
	err = order(range, fd);
	if (!err)
		return fd;
	if (err == -EINVAL)
		warnx("the kernel refuses the range at 0x%" PRIx64 ": address and size must be multiples of %u, the first and last page must be memory, and max_cpu_percent 1 to 100",
		      range->address, BASE_PAGE);
	else if (err == -EPERM)
		warnx("the kernel refuses to scan this machine; mfr scan shows why");
	else
		warnx("cannot write to " DEVICE ": %s", strerror(-err));
	close(fd);
	return -1;
}

int range_scan(const struct range *range)
{
	struct reading reading = {
		.range = range,
		.at = range->address,
		.shown = { .name = "range", .state_text = "scanning",
			   .state = SCAN_SCANNING,
			   .known[SCAN_ENABLED] = true,
			   .figure[SCAN_ENABLED] = 1 },
	};
	int status, fd = open_ordered(range);

	if (fd < 0)
		return STATUS_UNKNOWN;
	reading.shown.figure[SCAN_PASS_START_SECONDS] = (uint64_t)time(NULL);
	reading.lost = json_make("[]");
	if (range->watch)
		show(&reading);
	status = report(&reading, follow_lines(&reading, fd));
	json_decref(reading.lost);
	close(fd);
	return status;
}
