/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The attacker's files, which have the policy and contain known and new poison.
 * They are of 2 MiB and, if the boot has such a page, 1 GiB, and are mapped at
 * fixed addresses.  Root prepares them.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Contiguous lost lines of one base page. */
struct lost {
	char *addr;
	uint64_t pa;
	size_t bytes;
	bool known;
};

#define LOST_MAX	16

/* Prepare pools and files with known poison; false after printing why. */
bool arena_open(bool gigantic);

/* Is there a page of 1 GiB among them? */
bool arena_has_gigantic(void);

/* Add new poison for batch @n; replaces the files of 2 MiB if worn out. */
bool arena_prepare(unsigned long n);

/* All @n that are lost now; the first @known of them are known poison. */
const struct lost *arena_lost(size_t *n, size_t *known);

/* Remove the poison that was not consumed.  The rest is raw, and stays. */
void arena_settle(void);

/* A read-only descriptor of a file; @which is below ARENA_FILES. */
#define ARENA_FILES	3
int arena_fd(unsigned int which);
size_t arena_size(unsigned int which);
char *arena_map(unsigned int which);

/*
 * Close all descriptors of the caller, the attacker, but these read-only ones,
 * so that it cannot change the files.
 */
void arena_disown(void);

/* Remove all poison: the machine continues to run. */
void arena_heal(void);

#endif /* ARENA_H */
