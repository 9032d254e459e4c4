/* SPDX-License-Identifier: MIT */
#ifndef STATE_H
#define STATE_H

#include "machine.h"

#define MSRS_PER_BANK	4		/* CTL, STATUS, ADDR, MISC */

/*
 * What another process needs to continue the guest, of a CPU that uses no floating
 * point, interrupts or timers.  The machine checks are part of it: one that is
 * injected and not taken (@events), one that is handled (@mcg_status), and banks that
 * wait to be polled.
 */
struct cpu_state {
	uint64_t cpu;			/* MFR_CPU_INTEL or MFR_CPU_AMD */
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_vcpu_events events;
	uint64_t mcg_status;
	uint64_t banks[MCE_BANKS * MSRS_PER_BANK];
};

/* MCG_STATUS; MCIP is set while the guest handles a machine check. */
uint64_t cpu_mcg_status(struct machine *m);

/* Call machine_settle() before each. */
void cpu_save(struct machine *m, struct cpu_state *state);
void cpu_restore(struct machine *m, const struct cpu_state *state);

/* To what it is at a reset, but for the registers, which are the caller's to set. */
void cpu_forget_machine_checks(struct machine *m);

#endif /* STATE_H */
