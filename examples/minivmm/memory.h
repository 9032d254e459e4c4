/* SPDX-License-Identifier: MIT */
#ifndef MEMORY_H
#define MEMORY_H

#include "machine.h"

/*
 * Give the machine its memory, once.  What @ram has lost by now was lost elsewhere, as
 * far as the guest is concerned, and traps if the guest accesses it.  Exits with
 * STATUS_UNABLE and a message if it fails.
 */
void machine_set_memory(struct machine *m, struct mfr_region *ram, uint64_t gpa);

/*
 * For a SIGBUS in KVM_RUN: true if @address is a mark, in place of memory that was lost
 * elsewhere.  machine_met_hole() then returns the guest's address.  Async-signal-safe.
 */
bool machine_is_mark(struct machine *m, const void *address);

#endif /* MEMORY_H */
