/* SPDX-License-Identifier: GPL-2.0-only */
/* One call of the attacker, by its number: a system call, or a scene. */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stdint.h>

/* The attacker's mappings, beside the files'. */
bool call_prepare(void);

/* The same for the same seed and index. */
void call_make(uint64_t seed, uint64_t index);

/* Only this scene or system call, whatever the number says; for a search. */
bool call_only(const char *name);

#endif /* CALL_H */
