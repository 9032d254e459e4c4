/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When each part of a node was last read.
 *
 * The age of a node's oldest read page tells whether it is scanned as often as
 * it should be, whatever happened to the passes: stopped, restarted, or never
 * completed. And a pass begins with the part that was read longest ago.
 */
#ifndef MEMSCAN_COVERAGE_H
#define MEMSCAN_COVERAGE_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include "walk.h"

/* So many parts at most; as many lines have to fit in a file of sysfs. */
#define MEMSCAN_PARTS		128

/* Never read: older than any time. */
#define MEMSCAN_NEVER		S64_MIN

/**
 * struct memscan_coverage - when each part of a range was last read
 * @lock: protects all of it
 * @range: the range that is divided into parts
 * @shift: log2 of the pages in a part; parts begin at multiples of their size
 * @parts: number of parts
 * @begun: reading has begun, or what was read before was restored
 * @since: what was never read counts from here
 * @read: by scope: when the last complete reading of a part began; a reading of
 *	all pages counts for each scope
 * @part: the part that is being read
 * @began: when that began
 *
 * Times are seconds of the clock that includes suspend. They can lie before the
 * boot, if a coverage was saved then.
 */
struct memscan_coverage {
	spinlock_t lock; /* protects all of it */
	struct memscan_range range;
	unsigned int shift;
	unsigned int parts;
	bool begun;
	s64 since;
	s64 read[MEMSCAN_SCOPES][MEMSCAN_PARTS];
	unsigned int part;
	s64 began;
};

void memscan_coverage_init(struct memscan_coverage *coverage, s64 now);
void memscan_coverage_begin(struct memscan_coverage *coverage, s64 now);
void memscan_coverage_fit(struct memscan_coverage *coverage,
			  struct memscan_range range);
void memscan_coverage_walked(struct memscan_coverage *coverage,
			     enum memscan_scope scope, unsigned long from,
			     unsigned long to, s64 now);
u64 memscan_coverage_age(struct memscan_coverage *coverage,
			 enum memscan_scope scope, s64 now);
unsigned long memscan_coverage_oldest(struct memscan_coverage *coverage,
				      enum memscan_scope scope);

/* As text, with times since the epoch, which is at @epoch of our clock. */
int memscan_coverage_print(struct memscan_coverage *coverage,
			   enum memscan_scope scope, s64 epoch, char *buf);
int memscan_coverage_parse(struct memscan_coverage *coverage, s64 epoch,
			   s64 now, const char *buf);

#endif /* MEMSCAN_COVERAGE_H */
