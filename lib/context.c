// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "context.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>
#include <sys/mman.h>

#include "page.h"
#include "region.h"
#include "sigbus.h"
#include "sized.h"

#define OBJECT_MAGIC	0x747865746e6f636dULL
#define COUNT_MAX	65536

static bool options_are_valid(const struct mfr_context_options *o)
{
	return !(o->events & (o->events - 1)) && o->events != 1 &&
	       o->events <= COUNT_MAX && o->mappings <= COUNT_MAX;
}

/* Of a page of its own, as fork() clears whole pages. */
static const char *note_for_children(void)
{
	char *page = mmap(NULL, MFR_PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	*page = 1;
	if (!madvise(page, MFR_PAGE_BYTES, MADV_WIPEONFORK))
		return page;
	munmap(page, MFR_PAGE_BYTES);
	return NULL;
}

static void release(struct mfr_context *c)
{
	if (c->not_in_child)
		munmap((void *)c->not_in_child, MFR_PAGE_BYTES);
	free(c->places);
	free(c);
}

static int allocate(const struct mfr_context_options *o, struct mfr_context *c)
{
	c->places_max = o->mappings ? o->mappings : 64;
	c->places = calloc(c->places_max, sizeof(*c->places));
	c->not_in_child = note_for_children();
	if (!c->places || !c->not_in_child)
		return -ENOMEM;
	return mfr_queue_init(&c->queue, o->events ? o->events : 256);
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
	if (!c)
		err = -ENOMEM;
	else
		err = allocate(&o, c);
	if (c && err) {
		release(c);
	} else if (c) {
		c->magic = OBJECT_MAGIC;
		*context = c;
	}
	errno = saved;
	return err;
}

bool mfr_context_is_here(const struct mfr_context *context)
{
	return *context->not_in_child;
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
	if (owns_regions(context) || mfr_sigbus_is_installed(context))
		return -EBUSY;
	context->magic = 0;
	mfr_queue_exit(&context->queue);
	release(context);
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

static bool overlaps(struct mfr_place *place, uintptr_t start, uintptr_t end)
{
	return start < atomic_load(&place->end) &&
	       atomic_load(&place->start) < end;
}

/* A free place; NULL if there is none, or another one overlaps. */
static int find_place(struct mfr_context *c, uintptr_t start, uintptr_t end,
		      struct mfr_place **found)
{
	unsigned int i;

	*found = NULL;
	for (i = 0; i < c->places_max; i++) {
		struct mfr_place *place = &c->places[i];

		if (overlaps(place, start, end))
			return -EEXIST;
		if (!*found && !atomic_load(&place->end))
			*found = place;
	}
	return *found ? 0 : -ENOSPC;
}

int mfr_context_add(struct mfr_context *context, struct mfr_region *region,
		    const void *address, uint64_t offset, uint64_t bytes)
{
	uintptr_t start = (uintptr_t)address;
	struct mfr_place *place;
	int err;

	lock(context);
	err = find_place(context, start, start + bytes, &place);
	if (!err) {
		atomic_store(&place->region, region);
		atomic_store(&place->offset, offset);
		atomic_store(&place->start, start);
		atomic_store(&place->end, start + bytes);
	}
	atomic_flag_clear(&context->places_busy);
	return err;
}

bool mfr_context_remove(struct mfr_context *context,
			const struct mfr_region *region, const void *address)
{
	bool found = false;
	unsigned int i;

	lock(context);
	for (i = 0; i < context->places_max; i++) {
		struct mfr_place *place = &context->places[i];

		if (!atomic_load(&place->end) ||
		    atomic_load(&place->region) != region ||
		    (address && atomic_load(&place->start) != (uintptr_t)address))
			continue;
		atomic_store(&place->end, 0);
		found = true;
	}
	atomic_flag_clear(&context->places_busy);
	return found;
}

/*
 * Another thread may give the place to another region between two loads, so
 * check at the end that nothing has changed.
 */
static struct mfr_region *region_at(struct mfr_place *place, uintptr_t address,
				    uint64_t *offset)
{
	uintptr_t end = atomic_load(&place->end);
	uintptr_t start = atomic_load(&place->start);
	struct mfr_region *region = atomic_load(&place->region);
	uint64_t first = atomic_load(&place->offset);

	if (address >= end || address < start ||
	    atomic_load(&place->start) != start ||
	    atomic_load(&place->region) != region ||
	    atomic_load(&place->offset) != first ||
	    atomic_load(&place->end) != end)
		return NULL;
	*offset = first + (address - start);
	return region;
}

struct mfr_region *mfr_context_find(struct mfr_context *context,
				    uintptr_t address, uint64_t *offset)
{
	struct mfr_region *region = NULL;
	unsigned int i;

	for (i = 0; i < context->places_max && !region; i++)
		region = region_at(&context->places[i], address, offset);
	return region;
}

struct mfr_region *mfr_context_region(struct mfr_context *context, uint64_t id,
				      void **value)
{
	struct mfr_region *region, *found = NULL;
	unsigned int i;

	lock(context);
	for (i = 0; i < context->places_max && !found; i++) {
		region = atomic_load(&context->places[i].region);
		if (atomic_load(&context->places[i].end) && region->id == id)
			found = region;
	}
	*value = found ? found->value : NULL;
	atomic_flag_clear(&context->places_busy);
	return found;
}
