/* SPDX-License-Identifier: MIT */
#ifndef RESET_H
#define RESET_H

#include "machine.h"

/*
 * Begin the guest's first life, or its next one: load its program and set the CPU to
 * the first instruction.  The memory stays where it is, and nothing that is lost is
 * touched; the guest gets a list of that.  false: too little is left for the program,
 * and nothing has changed.
 */
bool guest_begin(struct machine *m, struct mfr_region *ram);

#endif /* RESET_H */
