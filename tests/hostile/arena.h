/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the attacker owns: files with the policy, of 2 MiB and, if the boot has
 * one, 1 GiB, mapped at addresses that are the same each time, with lost lines
 * that the kernel knows and some that it has not met yet.  Root prepares them.
 */
#ifndef ARENA_H
#define ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lost lines of one base page, without a gap. */
struct lost {
	char *addr;
	uint64_t pa;
	size_t bytes;
	bool known;
};

#define LOST_MAX	16

/* Pools and files, and known poison in them; false says why. */
bool arena_open(bool gigantic);

/* New poison for batch @n; all old files are replaced if they wear out. */
bool arena_prepare(unsigned long n);

/* What is lost now: the known ones are the first @known of @n. */
const struct lost *arena_lost(size_t *n, size_t *known);

/* Take the poison away that nobody met.  The rest is raw, and stays. */
void arena_settle(void);

/* Descriptors that can only be read; @which is below ARENA_FILES. */
#define ARENA_FILES	3
int arena_fd(unsigned int which);
size_t arena_size(unsigned int which);
char *arena_map(unsigned int which);

/*
 * The attacker keeps no other descriptors than these, which can be read only,
 * so that the files last.
 */
void arena_disown(void);

/* All poison off: the machine is to live on. */
void arena_heal(void);

#endif /* ARENA_H */
