/* SPDX-License-Identifier: GPL-2.0-only */
/* Break base pages, and have them reported again. */
#ifndef POISONING_H
#define POISONING_H

#include <stdbool.h>

#include "raise.h"

/* Nobody loads the page: it is only reported. */
#define NOBODY	(-1)

/*
 * An error in a healthy page.  With ERROR_CONSUME process @who loads it, with
 * ERROR_MADVISE process 0 is taken for the consumer; at the @nth of the places
 * where the consumer maps it.
 */
bool poison_page(int folio, unsigned int page, unsigned int line,
		 enum error_way way, int who, unsigned int nth);

/* A raw page once more: a load by @who if it is really broken. */
bool poison_again(int folio, unsigned int page, int who, unsigned int nth);

/* A raw page that no folio has any more, n-th of all that were released. */
bool poison_released(unsigned long pfn);

#endif /* POISONING_H */
