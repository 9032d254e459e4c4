/* SPDX-License-Identifier: GPL-2.0-only */
/* What a campaign does to its memory, at random. */
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "random.h"

/*
 * Start from an empty pool, whatever there was, and leave pages of 1 GiB alone
 * if they are not wanted; 0 or -errno.
 */
int operations_init(bool gigantic);

/*
 * Draw operations until one is possible, and do it.  Which ones follow from
 * @rng and the model alone.  False if its outcome was not the model's.
 */
bool operation_step(struct rng *rng);

/* What the last one was, with all that was drawn for it. */
const char *operation_text(void);

/* The file that it was about, or -1. */
int operation_file(void);

/* A fingerprint of all operations so far. */
uint64_t operations_hash(void);

/* Unpin and close all, end all peers. */
bool operations_finish(void);

#endif /* OPERATIONS_H */
