// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>

#include "sized.h"

#define OBJECT_MAGIC	0x747865746e6f636dULL
#define COUNT_MAX	65536

static bool options_are_valid(const struct mfr_context_options *o)
{
	return !(o->events & (o->events - 1)) && o->events != 1 &&
	       o->events <= COUNT_MAX && o->regions <= COUNT_MAX;
}

static int allocate(const struct mfr_context_options *o, struct mfr_context *c)
{
	int err;

	c->places_max = o->regions ? o->regions : 64;
	c->places = calloc(c->places_max, sizeof(*c->places));
	if (!c->places)
		return -ENOMEM;
	err = mfr_queue_init(&c->queue, o->events ? o->events : 256);
	if (err)
		free(c->places);
	return err;
}

int mfr_context_create(const struct mfr_context_options *options,
		       struct mfr_context **context)
{
	struct mfr_context_options o = { };
	int saved = errno, err = 0;
	struct mfr_context *c;

	if (!context)
		return -EFAULT;
	if (options)
		err = mfr_sized_read(&o, sizeof(o), options,
				     MFR_CONTEXT_OPTIONS_FIRST);
	if (err)
		return err;
	if (!options_are_valid(&o))
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	err = c ? allocate(&o, c) : -ENOMEM;
	errno = saved;
	if (err) {
		free(c);
		return err;
	}
	c->magic = OBJECT_MAGIC;
	*context = c;
	return 0;
}

int mfr_context_check(const struct mfr_context *context)
{
	if (!context)
		return -EFAULT;
	return context->magic == OBJECT_MAGIC ? 0 : -EINVAL;
}

static bool owns_regions(const struct mfr_context *c)
{
	unsigned int i;

	for (i = 0; i < c->places_max; i++)
		if (atomic_load(&c->places[i].end))
			return true;
	return false;
}

int mfr_context_destroy(struct mfr_context *context)
{
	int saved = errno, err = mfr_context_check(context);

	if (err)
		return err;
	if (owns_regions(context) || atomic_load(&context->has_handler))
		return -EBUSY;
	context->magic = 0;
	mfr_queue_exit(&context->queue);
	free(context->places);
	free(context);
	errno = saved;
	return 0;
}

int mfr_context_set_log(struct mfr_context *context,
			void (*log)(void *arg, const char *line), void *arg)
{
	int err = mfr_context_check(context);

	if (err)
		return err;
	context->log = log;
	context->log_arg = arg;
	return 0;
}

void mfr_context_say(const struct mfr_context *context, const char *format,
		     ...)
{
	char line[256];
	va_list args;

	if (!context->log)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	context->log(context->log_arg, line);
}

static void lock(struct mfr_context *c)
{
	while (atomic_flag_test_and_set(&c->places_busy))
		sched_yield();
}

int mfr_context_add(struct mfr_context *context, struct mfr_region *region,
		    const void *address, uint64_t bytes)
{
	struct mfr_place *place = context->places;
	unsigned int i;

	lock(context);
	for (i = 0; i < context->places_max && atomic_load(&place->end); i++)
		place++;
	if (i < context->places_max) {
		atomic_store(&place->region, region);
		atomic_store(&place->start, (uintptr_t)address);
		atomic_store(&place->end, (uintptr_t)address + bytes);
	}
	atomic_flag_clear(&context->places_busy);
	return i < context->places_max ? 0 : -ENOSPC;
}

void mfr_context_remove(struct mfr_context *context,
			const struct mfr_region *region)
{
	unsigned int i;

	lock(context);
	for (i = 0; i < context->places_max; i++)
		if (atomic_load(&context->places[i].end) &&
		    atomic_load(&context->places[i].region) == region)
			atomic_store(&context->places[i].end, 0);
	atomic_flag_clear(&context->places_busy);
}

/*
 * Another thread may give the place to another region between two loads, so
 * check at the end that nothing has changed.
 */
static struct mfr_region *region_at(struct mfr_place *place, uintptr_t address)
{
	uintptr_t end = atomic_load(&place->end);
	uintptr_t start = atomic_load(&place->start);
	struct mfr_region *region = atomic_load(&place->region);

	if (address >= end || address < start ||
	    atomic_load(&place->start) != start ||
	    atomic_load(&place->end) != end)
		return NULL;
	return region;
}

struct mfr_region *mfr_context_find(struct mfr_context *context,
				    uintptr_t address)
{
	struct mfr_region *region = NULL;
	unsigned int i;

	for (i = 0; i < context->places_max && !region; i++)
		region = region_at(&context->places[i], address);
	return region;
}
