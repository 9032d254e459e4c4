/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways to read memory, to choose the scanner's loop from. Each reads one page, as
 * a function that is called for it, so that they differ by their loads alone.
 */
#ifndef WAYS_H
#define WAYS_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE	4096UL

/**
 * struct way - a way to read
 * @name: of its figures
 * @page: read one page, which is aligned
 * @usable: whether this CPU has the instructions
 */
struct way {
	const char *name;
	void (*page)(const char *from);
	bool (*usable)(void);
};

/* The first is the module's own; ends with a @name of NULL. */
extern const struct way ways[];

/* The way of this name, which must exist. */
const struct way *way_find(const char *name);

/* Read @bytes, a multiple of PAGE. */
void way_read(const struct way *way, const char *from, size_t bytes);

#endif /* WAYS_H */
