/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this process has of the campaign's files: descriptors and mappings.
 * A peer has what its parent had when it was forked.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

#define MAPPINGS_MAX	16

struct mapping {
	char *addr;		/* NULL: not in use */
	int file;
	unsigned int first, nr;	/* slots */
};

struct view {
	int fd[FILES_MAX];	/* -1: not open here */
	struct mapping mapping[MAPPINGS_MAX];
};

extern struct view view;

void view_init(void);

/* Map slots of a file; index of the mapping or -errno. */
int view_map(int file, unsigned int first, unsigned int nr);
void view_unmap(int mapping);
/* All of a file, and its descriptor. */
void view_close(int file);

/* Index of a mapping that is not used, or -1. */
int view_free_mapping(void);

/* In how many places this process maps a slot, and where (modulo that). */
unsigned int view_places(int file, unsigned int slot);
char *view_address(int file, unsigned int slot, unsigned int nth);

/* The first is 0, or NULL if the folio is in no file or not mapped here. */
char *view_folio(int folio, unsigned int nth);

/* Is @addr the start of this page in one of the mappings? */
bool view_is_page(int folio, unsigned int page, uintptr_t addr);

/* Bit n: slot n of the file is in a mapping. */
uint8_t view_covers(int file);

#endif /* VIEW_H */
