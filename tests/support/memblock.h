/* SPDX-License-Identifier: GPL-2.0-only */
/* Blocks of memory, as they are taken offline and online again. */
#ifndef MEMBLOCK_H
#define MEMBLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* All of the block with the physical address @pa can be moved elsewhere. */
bool memblock_is_movable(uint64_t pa);

/* "online" or "offline"; 0 or the kernel's -errno. */
int memblock_set(uint64_t pa, const char *state);

bool memblock_is_online(uint64_t pa);

#endif /* MEMBLOCK_H */
