/* SPDX-License-Identifier: GPL-2.0-only */
/* A context with a queue of @events, and regions of base pages in it. */
#ifndef SCENE_H
#define SCENE_H

#include <mfr.h>

#define PAGE	4096UL

static inline struct mfr_context *scene_context(unsigned int events)
{
	struct mfr_context_options options = {
		.size = sizeof(options),
		.events = events,
		.mappings = 2,
	};
	struct mfr_context *context = NULL;

	mfr_context_create(&options, &context);
	return context;
}

static inline struct mfr_region *scene_region(struct mfr_context *context,
					      uint64_t pages)
{
	struct mfr_region_options options = {
		.size = sizeof(options),
		.bytes = pages * PAGE,
	};
	struct mfr_region *region = NULL;

	mfr_region_create(context, &options, &region);
	return region;
}

#endif /* SCENE_H */
