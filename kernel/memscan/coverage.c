// SPDX-License-Identifier: GPL-2.0-only
/*
 * When each part of a node was last read.
 */

#include <linux/kstrtox.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "coverage.h"

#define PFN_2MIB_SHIFT	(21 - PAGE_SHIFT)

void memscan_coverage_init(struct memscan_coverage *coverage, s64 now)
{
	spin_lock_init(&coverage->lock);
	coverage->since = now;
}

/* Reading begins. The time before does not count, as it was not wanted. */
void memscan_coverage_begin(struct memscan_coverage *coverage, s64 now)
{
	spin_lock(&coverage->lock);
	if (!coverage->begun)
		coverage->since = now;
	coverage->begun = true;
	spin_unlock(&coverage->lock);
}

/*
 * Parts
 */

static unsigned int part_of(const struct memscan_coverage *coverage,
			    unsigned long pfn)
{
	return (pfn >> coverage->shift) -
	       (coverage->range.start >> coverage->shift);
}

static unsigned long start_of(const struct memscan_coverage *coverage,
			      unsigned int part)
{
	unsigned long start = coverage->range.start >> coverage->shift;

	return max((start + part) << coverage->shift, coverage->range.start);
}

static unsigned int oldest_part(const struct memscan_coverage *coverage,
				enum memscan_scope scope)
{
	const s64 *read = coverage->read[scope];
	unsigned int part, oldest = 0;

	for (part = 1; part < coverage->parts; part++)
		if (read[part] < read[oldest])
			oldest = part;
	return oldest;
}

/* Into as many as there may be, or half of that; of 2 MiB at least. */
static void divide(struct memscan_coverage *coverage)
{
	coverage->shift = PFN_2MIB_SHIFT;
	while (part_of(coverage, coverage->range.end - 1) >= MEMSCAN_PARTS)
		coverage->shift++;
	coverage->parts = part_of(coverage, coverage->range.end - 1) + 1;
}

/**
 * memscan_coverage_fit - cover this range from now on
 * @coverage: the coverage
 * @range: what the node spans; if it has no memory, nothing changes
 *
 * If it changes, all parts are taken for as old as the oldest: too old is safe,
 * and the next pass corrects it.
 */
void memscan_coverage_fit(struct memscan_coverage *coverage,
			  struct memscan_range range)
{
	s64 oldest = MEMSCAN_NEVER;
	int scope;

	spin_lock(&coverage->lock);
	if (range.start >= range.end ||
	    (coverage->range.start == range.start &&
	     coverage->range.end == range.end))
		goto out;
	coverage->range = range;
	for (scope = 0; scope < MEMSCAN_SCOPES; scope++) {
		if (coverage->parts)
			oldest = coverage->read[scope][oldest_part(coverage,
								   scope)];
		memset64((u64 *)coverage->read[scope], oldest, MEMSCAN_PARTS);
	}
	divide(coverage);
out:
	spin_unlock(&coverage->lock);
}

/*
 * Reading
 */

/* Who reads all pages reads those of each scope. */
static bool includes(enum memscan_scope scope, enum memscan_scope other)
{
	return scope == MEMSCAN_SCOPE_ALL || scope == other;
}

/* Nothing becomes older by that. */
static void part_was_read(struct memscan_coverage *coverage,
			  enum memscan_scope scope, unsigned int part, s64 when)
{
	enum memscan_scope other;
	s64 *read;

	for (other = 0; other < MEMSCAN_SCOPES; other++) {
		read = &coverage->read[other][part];
		if (includes(scope, other))
			*read = max(*read, when);
	}
}

/**
 * memscan_coverage_walked - a part of the range was read
 * @coverage: the coverage
 * @scope: which of its pages were read
 * @from: first page frame: the start of a part, or where the last call ended
 * @to: first page frame that was not read
 * @now: when that began
 *
 * A part is read when its end is reached; its oldest page is the first.
 */
void memscan_coverage_walked(struct memscan_coverage *coverage,
			     enum memscan_scope scope, unsigned long from,
			     unsigned long to, s64 now)
{
	unsigned int last;

	spin_lock(&coverage->lock);
	if (!memscan_range_has(&coverage->range, from))
		goto out;
	last = to < coverage->range.end ? part_of(coverage, to) :
					  coverage->parts;
	coverage->part = part_of(coverage, from);
	if (from == start_of(coverage, coverage->part))
		coverage->began = now;
	while (coverage->part < last) {
		part_was_read(coverage, scope, coverage->part++,
			      coverage->began);
		coverage->began = now;
	}
out:
	spin_unlock(&coverage->lock);
}

/* Seconds since the page that was read longest ago was read. */
u64 memscan_coverage_age(struct memscan_coverage *coverage,
			 enum memscan_scope scope, s64 now)
{
	s64 oldest = MEMSCAN_NEVER;

	spin_lock(&coverage->lock);
	if (coverage->parts)
		oldest = coverage->read[scope][oldest_part(coverage, scope)];
	if (oldest == MEMSCAN_NEVER)
		oldest = coverage->since;
	spin_unlock(&coverage->lock);
	return max(now - oldest, 0);
}

/* The first page frame of the part that was read longest ago. */
unsigned long memscan_coverage_oldest(struct memscan_coverage *coverage,
				      enum memscan_scope scope)
{
	unsigned long pfn;

	spin_lock(&coverage->lock);
	pfn = start_of(coverage, oldest_part(coverage, scope));
	spin_unlock(&coverage->lock);
	return pfn;
}

/*
 * Text, to be saved and restored: a line that says what it is the coverage of,
 * then a line for each part, 0 if it was never read.
 */

#define HEADER	"coverage 1 pages %#lx-%#lx parts %u scope %u since %lld\n"

/**
 * memscan_coverage_print - write it to a file of sysfs
 * @coverage: the coverage
 * @scope: the scope whose times to write
 * @epoch: the epoch, in seconds of our clock
 * @buf: the file's page
 *
 * Return: length of the text.
 */
int memscan_coverage_print(struct memscan_coverage *coverage,
			   enum memscan_scope scope, s64 epoch, char *buf)
{
	unsigned int part;
	s64 read;
	int n;

	spin_lock(&coverage->lock);
	n = sysfs_emit(buf, HEADER, coverage->range.start, coverage->range.end,
		       coverage->parts, scope, coverage->since - epoch);
	for (part = 0; part < coverage->parts; part++) {
		read = coverage->read[scope][part];
		n += sysfs_emit_at(buf, n, "%lld\n", read == MEMSCAN_NEVER ?
						     0 : read - epoch);
	}
	spin_unlock(&coverage->lock);
	return n;
}

/* So far may times lie ahead, as clocks differ; they count as now. */
#define CLOCK_SKEW_SECONDS	3600

/* A time since the epoch, and its line's end; advances @text. */
static int parse_time(const char **text, s64 epoch, s64 now, s64 *time)
{
	char digits[24];
	size_t n = strcspn(*text, "\n");
	u64 value;

	if (n >= sizeof(digits) || (*text)[n] != '\n')
		return -EINVAL;
	memcpy(digits, *text, n);
	digits[n] = '\0';
	*text += n + 1;
	if (*digits == '+' || kstrtou64(digits, 10, &value) ||
	    value > S64_MAX / 2 ||
	    (s64)value + epoch > now + CLOCK_SKEW_SECONDS)
		return -EINVAL;
	*time = value ? min((s64)value + epoch, now) : MEMSCAN_NEVER;
	return 0;
}

/* The header of such a coverage, without the time at its end. */
static size_t print_header(const struct memscan_coverage *coverage,
			   enum memscan_scope scope, char *header, size_t size)
{
	snprintf(header, size, HEADER, coverage->range.start,
		 coverage->range.end, coverage->parts, scope, 0LL);
	return strrchr(header, ' ') + 1 - header;
}

static int parse_header(const struct memscan_coverage *coverage,
			const char **text, enum memscan_scope *scope)
{
	char header[128];
	size_t n;

	for (*scope = 0; *scope < MEMSCAN_SCOPES; ++*scope) {
		n = print_header(coverage, *scope, header, sizeof(header));
		if (!strncmp(*text, header, n)) {
			*text += n;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse(const struct memscan_coverage *coverage, s64 epoch, s64 now,
		 const char *text, enum memscan_scope *scope, s64 *times)
{
	unsigned int i;
	int err;

	err = parse_header(coverage, &text, scope);
	for (i = 0; !err && i <= coverage->parts; i++)
		err = parse_time(&text, epoch, now, &times[i]);
	return err ?: *text ? -EINVAL : 0;
}

static void restore(struct memscan_coverage *coverage,
		    enum memscan_scope scope, const s64 *times)
{
	unsigned int part;

	coverage->begun = true;
	if (times[0] != MEMSCAN_NEVER)
		coverage->since = min(coverage->since, times[0]);
	for (part = 0; part < coverage->parts; part++)
		part_was_read(coverage, scope, part, times[part + 1]);
}

/**
 * memscan_coverage_parse - restore what memscan_coverage_print() wrote
 * @coverage: the coverage
 * @epoch: the epoch, in seconds of our clock
 * @now: the time; none may be much later
 * @buf: the text
 *
 * Return: 0; or -EINVAL if it is not whole, or of other memory; or -ENOMEM.
 * Then nothing has changed.
 */
int memscan_coverage_parse(struct memscan_coverage *coverage, s64 epoch,
			   s64 now, const char *buf)
{
	enum memscan_scope scope;
	s64 *times;
	int err;

	times = kcalloc(1 + MEMSCAN_PARTS, sizeof(*times), GFP_KERNEL);
	if (!times)
		return -ENOMEM;
	spin_lock(&coverage->lock);
	err = parse(coverage, epoch, now, buf, &scope, times);
	if (!err)
		restore(coverage, scope, times);
	spin_unlock(&coverage->lock);
	kfree(times);
	return err;
}
