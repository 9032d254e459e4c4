/* SPDX-License-Identifier: MIT */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>

#include "machine.h"

/*
 * Handle SIGBUS from now on, and opt in to early kill.  One machine per
 * process.
 */
void failures_take(struct machine *m, struct mfr_context *context);

/*
 * Pass errors since the last call on to the guest.  false: the guest has lost
 * more than it can survive in this life.  Call it from the thread that runs the guest.
 */
bool failures_pass_on(void);

/* Drop them: the guest gets a list of all that is lost when it begins again. */
void failures_forget(void);

/*
 * The guest stopped at a lost page of @ram: inject the machine check that the
 * page would have raised.  false: as above.
 */
bool failures_pass_on_hole(struct mfr_region *ram, struct mfr_range guest);

#endif /* FAILURE_H */
