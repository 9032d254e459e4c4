/* SPDX-License-Identifier: MIT */
#ifndef MFR_CONTEXT_H
#define MFR_CONTEXT_H

#include <stdatomic.h>
#include <stdint.h>

#include <mfr.h>

#include "queue.h"

/*
 * Where a region is mapped.  Signal handlers read this without a lock: @end is
 * written last and cleared first; 0 means that the place is free.
 */
struct mfr_place {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end;
	struct mfr_region *_Atomic region;
};

struct mfr_context {
	uint64_t magic;
	struct mfr_queue queue;
	void (*log)(void *arg, const char *line);
	void *log_arg;
	atomic_bool has_handler;	/* for SIGBUS, see sigbus.c */
	atomic_flag places_busy;	/* lock for add and remove, not find */
	unsigned int places_max;
	struct mfr_place *places;
};

int mfr_context_check(const struct mfr_context *context);

/* -ENOSPC: all places are taken. */
int mfr_context_add(struct mfr_context *context, struct mfr_region *region,
		    const void *address, uint64_t bytes);
void mfr_context_remove(struct mfr_context *context,
			const struct mfr_region *region);

/* The region that @address is in, or NULL.  Async-signal-safe. */
struct mfr_region *mfr_context_find(struct mfr_context *context,
				    uintptr_t address);

__attribute__((format(printf, 2, 3)))
void mfr_context_say(const struct mfr_context *context, const char *format,
		     ...);

#endif /* MFR_CONTEXT_H */
