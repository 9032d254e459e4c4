/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second process that maps the same file at an address of its own, loads
 * from it on request and reports the signals that it got.
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

/* Its report: @hit if the load ended in SIGBUS, described by @bus. */
struct witness_report {
	bool hit;
	struct sigbus bus;
	unsigned int optional;
	struct sigbus last_optional;
};

/* @early_kill: it opts in to AO signals (PR_MCE_KILL_EARLY). */
int witness_start(struct witness *w, const struct hugepage *hp,
		  bool early_kill);

/* Have it load the byte at @offset of its mapping; 0 or -errno. */
int witness_load(struct witness *w, size_t offset, struct witness_report *r);

/* Get a report of its AO signals, without a load. */
int witness_signals(struct witness *w, struct witness_report *r);

void witness_kill(struct witness *w);

#endif /* WITNESS_H */
