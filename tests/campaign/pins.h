/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages that a pipe or a ring holds, which outlives files and mappings. */
#ifndef PINS_H
#define PINS_H

#include <stdbool.h>

#define PINS_MAX	8

enum pin_kind { PIN_PIPE, PIN_RING };

struct pin {
	bool live;
	enum pin_kind kind;
	int fd, folio;
	unsigned int page, nr;
};

extern struct pin pins[PINS_MAX];

/* Index of one that is not in use, or -1. */
int pins_free(void);

/*
 * Pin pages of a folio that this process maps.  A pin of raw pages has to
 * fail, or to get what comes before the first of them; no pin is left then.
 */
bool pin_start(int pin, enum pin_kind kind, int folio, unsigned int page,
	       unsigned int nr, unsigned int nth);

/* Through a pipe all bytes are read, if none is lost. */
bool pin_end(int pin);

/* A child's copies of the descriptors: they would keep the pages pinned. */
void pins_forget(void);

#endif /* PINS_H */
