/* SPDX-License-Identifier: MIT */
#ifndef STATE_H
#define STATE_H

#include "machine.h"

/* MCG_STATUS; MCIP is set while the guest handles a machine check. */
uint64_t cpu_mcg_status(struct machine *m);

/* To what it is at a reset, but for the registers, which are the caller's to set. */
void cpu_forget_machine_checks(struct machine *m);

#endif /* STATE_H */
