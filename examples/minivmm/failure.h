/* SPDX-License-Identifier: MIT */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>

#include "machine.h"

/*
 * Take SIGBUS from now on, and be told of errors that nobody has read yet.
 * One machine a process.
 */
void failures_take(struct machine *m, struct mfr_context *context);

/*
 * Give the guest what came since the last call.  false: the guest has lost
 * more than it can live without.  The calling thread runs the guest.
 */
bool failures_pass_on(void);

/*
 * The guest has been stopped at a page of @ram that is lost: it is given the
 * machine check that it would have had.  false as above.
 */
bool failures_pass_on_hole(struct mfr_region *ram, struct mfr_range guest);

#endif /* FAILURE_H */
