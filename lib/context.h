/* SPDX-License-Identifier: MIT */
#ifndef MFR_CONTEXT_H
#define MFR_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mfr.h>

#include "queue.h"

/*
 * Where @offset of a region's file is mapped.  Signal handlers read this without
 * a lock: @end is written last and cleared first; 0 means that the place is free.
 */
struct mfr_place {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end;
	_Atomic uint64_t offset;
	struct mfr_region *_Atomic region;
};

struct mfr_context {
	uint64_t magic;
	struct mfr_queue queue;
	void (*log)(void *arg, const char *line);
	void *log_arg;
	const char *not_in_child;	/* a byte that fork() clears */
	_Atomic uint64_t regions;	/* created so far */
	atomic_flag places_busy;	/* lock for add and remove, not find */
	unsigned int places_max;
	struct mfr_place *places;
};

int mfr_context_check(const struct mfr_context *context);

/* Has this process created the context, not inherited it?  Async-signal-safe. */
bool mfr_context_is_here(const struct mfr_context *context);

/* -ENOSPC: all places are taken; -EEXIST: part of the range is in one. */
int mfr_context_add(struct mfr_context *context, struct mfr_region *region,
		    const void *address, uint64_t offset, uint64_t bytes);

/*
 * The place that begins at @address, or, if that is NULL, all of @region; false if
 * there is none.
 */
bool mfr_context_remove(struct mfr_context *context,
			const struct mfr_region *region, const void *address);

/* The region mapped at @address, and where in it; or NULL.  Async-signal-safe. */
struct mfr_region *mfr_context_find(struct mfr_context *context,
				    uintptr_t address, uint64_t *offset);

/* The region with this number, and its value; NULL if it was destroyed. */
struct mfr_region *mfr_context_region(struct mfr_context *context, uint64_t id,
				      void **value);

__attribute__((format(printf, 2, 3)))
void mfr_context_say(const struct mfr_context *context, const char *format,
		     ...);

#endif /* MFR_CONTEXT_H */
