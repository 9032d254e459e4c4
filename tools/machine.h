/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What identifies this machine and its memory.
 */
#ifndef MFR_MACHINE_H
#define MFR_MACHINE_H

#include "page_list.h"

/* The size of a memory block; 0 or a negative errno. */
int machine_block_bytes(uint64_t *bytes);

/* 0, or a negative errno after printing what is missing. */
int machine_identify(struct machine *machine);

#endif /* MFR_MACHINE_H */
