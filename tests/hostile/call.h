/* SPDX-License-Identifier: GPL-2.0-only */
/* One call of the attacker, by its number: a system call, or a scene. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stdint.h>

/* Make the attacker's own mappings, besides those of the files. */
bool call_prepare(void);

/* Make a call: the same one for the same seed and index. */
void call_make(uint64_t seed, uint64_t index);

/* From now on call only this scene or system call; false if there is none. */
bool call_only(const char *name);

#endif /* CALL_H */
