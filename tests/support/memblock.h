/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory blocks, the units in which memory goes offline and online. */
#ifndef MEMBLOCK_H
#define MEMBLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* True if everything in the block that contains @pa can be moved elsewhere. */
bool memblock_is_movable(uint64_t pa);

/* True if stock has a huge page there that lost data: the block never goes offline. */
bool memblock_is_stuck(uint64_t pa);

/* @state is "online" or "offline"; 0 or the kernel's -errno. */
int memblock_set(uint64_t pa, const char *state);

bool memblock_is_online(uint64_t pa);

#endif /* MEMBLOCK_H */
