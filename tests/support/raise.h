/* SPDX-License-Identifier: GPL-2.0-only */
/* The ways in which the kernel is notified of a memory error. */
#ifndef RAISE_H
#define RAISE_H

#include <stdbool.h>

#include "hugepage.h"
#include "sigbus.h"

enum error_way {
	ERROR_MADVISE,	/* MADV_HWPOISON: simulated consumption */
	ERROR_INJECT,	/* hwpoison-inject by pfn: simulated report */
	ERROR_CONSUME,	/* real: a load in user mode (SRAR) */
	ERROR_SCRUB,	/* real: the patrol scrubber reports (SRAO) */
};

/*
 * Raise an error in the base page at @offset and wait until the kernel has
 * logged its result.  If @way consumes the error, @seen is the resulting
 * signal; otherwise @seen is not written.  0 or -errno; -ENOMSG if no result
 * is logged, -ENODATA if there was no SIGBUS.
 * Call kmsg_start() first.
 */
int error_raise(const struct hugepage *hp, size_t offset, enum error_way way,
		struct sigbus *seen);

static inline bool error_consumes(enum error_way way)
{
	return way == ERROR_MADVISE || way == ERROR_CONSUME;
}

/* True if a load of the raw page raises a machine check. */
static inline bool error_is_real(enum error_way way)
{
	return way == ERROR_CONSUME || way == ERROR_SCRUB;
}

/* 0 or -errno of hwpoison-inject's files. */
int error_inject_pfn(unsigned long pfn);
int error_unpoison_pfn(unsigned long pfn);

/* How many lines of the log report a result, any result, for @pfn. */
unsigned long error_results(unsigned long pfn);

#endif /* RAISE_H */
