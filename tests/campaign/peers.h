/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other processes: children that have what their parent had when it forked
 * them, and do the same checks on request.  Process 0 is the parent.
 */
#ifndef PEERS_H
#define PEERS_H

#include <stdbool.h>

#include "model.h"
#include "random.h"

/* Fork process @peer; 0 or -errno. */
int peer_start(unsigned int peer, bool early_kill);

/* Let it exit, or kill it; returns when it is gone. */
void peer_end(unsigned int peer, bool kill_it);
void peers_end(void);

/* See check_raw_load(), and check_all_contents() or check_sample(). */
bool peer_raw_load(unsigned int peer, int folio, unsigned int page,
		   unsigned int nth);
bool peer_check(unsigned int peer, bool all, struct rng *rng);

/*
 * A raw page was reported for the first time, and process @consumer (or -1)
 * consumed it: those who asked for early kill have been told once, no others.
 */
bool peers_check_told(int folio, unsigned int page, int consumer);
bool peers_check_not_told(void);

/*
 * A child that executes this program anew, inherits nothing but the model and
 * the file, and checks that it can know all that is lost of it.
 */
bool successor_check(int file, uint64_t seed);

/* In main(): what such a child does.  Returns its exit status. */
int successor_main(int argc, char **argv);

/* The descriptor of the model's memory. */
extern int model_fd;

#endif /* PEERS_H */
