/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What identifies this machine and its memory.
 */
#ifndef MFR_MACHINE_H
#define MFR_MACHINE_H

#include <stdbool.h>

#include "page_list.h"

/* The size of a memory block; 0 or a negative errno. */
int machine_block_bytes(uint64_t *bytes);

/* 0, or a negative errno after printing what is missing. */
int machine_identify(struct machine *machine);

/*
 * BLOCKS_MISSING: some of @theirs are not there now, but most are, and there are
 * no others: memory that comes late (CXL), or has gone.
 */
enum blocks { BLOCKS_SAME, BLOCKS_MISSING, BLOCKS_OTHER };

enum blocks machine_compare_blocks(const char *theirs, const char *ours);

/* True if the physical address is in one of these blocks. */
bool machine_has_block(const char *blocks, uint64_t address);

#endif /* MFR_MACHINE_H */
