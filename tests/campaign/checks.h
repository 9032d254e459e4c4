/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model against what there is.  Each check returns true if they agree,
 * and notes the failure otherwise.
 */
#ifndef CHECKS_H
#define CHECKS_H

#include <stdbool.h>

#include "model.h"
#include "random.h"
#include "sigbus.h"

/* Forget the log and the releases up to now. */
void checks_begin_step(void);

/* Any process: contents of healthy pages as it maps them. */
bool check_page(int folio, unsigned int page, unsigned int nth);
/* Some pages of some folios; or all, and a load of some raw pages. */
bool check_sample(struct rng *rng);
bool check_all_contents(struct rng *rng);

/* The page's bytes, wherever somebody has read them to. */
bool check_bytes(int folio, unsigned int page, const char *data, size_t from,
		 size_t to);

/* Any process: load a raw page; the signal is as it must be. */
bool check_raw_load(int folio, unsigned int page, unsigned int nth);
bool check_signal(int folio, unsigned int page, const struct sigbus *seen);

/* Any process that has the file open: fdinfo has exactly the raw pages. */
bool check_fdinfo(int file);

/* Of the process that runs the campaign. */
bool check_pools(void);
bool check_counters(void);
bool check_machine_checks(void);
/*
 * Count what the log has up to now and forget it, since each look at the log
 * costs its length.
 */
void log_collect(void);
/* Reports of the kernel itself, such as a warning, since the start. */
long log_reports(void);
/* As many reports of new and of known raw pages as there were in this step. */
bool check_log(void);
/* All folios that ended in this step are as a release leaves them. */
bool check_releases(void);
void releases_note(int folio);
/* One of the raw pages released last, 0 if there is none. */
unsigned long releases_raw_pfn(struct rng *rng);

/*
 * Page frames, a bit each, shared with all processes: ever raw; healthy and
 * freed by a release; found by the sweep at the end.
 */
#define FRAMES_MAX	(8UL << 20)	/* of a guest with 32 GiB */

struct frames {
	unsigned long end;
	uint8_t *raw, *freed, *taken;
};
extern struct frames frames;
int frames_init(void);

static inline void frame_set(uint8_t *bits, unsigned long pfn)
{
	bits[pfn / 8] |= 1 << pfn % 8;
}

static inline bool frame_is(const uint8_t *bits, unsigned long pfn)
{
	return bits[pfn / 8] & 1 << pfn % 8;
}

#endif /* CHECKS_H */
