/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second process that maps the same file at an address of its own, loads
 * from it on request and tells which signals it got.
 */
#ifndef WITNESS_H
#define WITNESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "hugepage.h"
#include "sigbus.h"

struct witness {
	pid_t pid;
	int socket;
	uintptr_t map;
};

/* What it saw: @hit if the load ended in SIGBUS, @bus then says which. */
struct witness_report {
	bool hit;
	struct sigbus bus;
	unsigned int optional;
	struct sigbus last_optional;
};

/* @early_kill: it asks for action optional signals (PR_MCE_KILL_EARLY). */
int witness_start(struct witness *w, const struct hugepage *hp,
		  bool early_kill);

/* Let it load the byte at @offset of its mapping; 0 or -errno. */
int witness_load(struct witness *w, size_t offset, struct witness_report *r);

/* Ask for its action optional signals only. */
int witness_signals(struct witness *w, struct witness_report *r);

void witness_kill(struct witness *w);

#endif /* WITNESS_H */
