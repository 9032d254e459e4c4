/* SPDX-License-Identifier: MIT */
#ifndef MACHINE_H
#define MACHINE_H

#include <linux/kvm.h>
#include <signal.h>
#include <stdbool.h>

#include <mfr.h>

/* Exit status */
enum {
	STATUS_FINE,
	STATUS_GUEST_LOST,	/* or memory that is not as it was written */
	STATUS_UNABLE,		/* the guest was not run */
};

/* A virtual machine with one CPU and one region of memory. */
struct machine {
	int kvm, vm, vcpu;		/* descriptors */
	struct kvm_run *run;
	int cpu;			/* MFR_CPU_INTEL or MFR_CPU_AMD */
	bool hole;			/* a lost page leaves stage 2 */
	struct mfr_kvm_slot slot;
	volatile sig_atomic_t in_guest;	/* a load that traps is the guest's */
};

/* The CPU of this host, as mfr_kvm_mce() wants it. */
int host_cpu(void);

/*
 * The steps to a machine that is ready to run.  Each exits with STATUS_UNABLE
 * and a message if it cannot be done.  @cpu: as which one it reports errors;
 * @hole: have KVM take a page that is lost out of the guest's memory, where it
 * can; m->hole says whether it does.
 */
void machine_open(struct machine *m, int cpu, bool hole);
void machine_set_memory(struct machine *m, struct mfr_region *ram,
			uint64_t gpa);

/* Put the guest into its memory, and the CPU to its first instruction. */
void machine_load_guest(struct machine *m, struct mfr_region *ram);

/*
 * Run the guest until it wants something; m->run says what.  false if a signal
 * came, in the guest or since m->run->immediate_exit was cleared.
 */
bool machine_run(struct machine *m);

/* Has the guest gone for a page that is lost, and been stopped?  Which one? */
bool machine_met_hole(const struct machine *m, struct mfr_range *guest);

/* The CPU's MCG_STATUS; MCIP is set while the guest handles a machine check. */
uint64_t machine_mcg_status(struct machine *m);

/* The guest's next entry is a machine check, or finds the bank filled. */
void machine_inject(struct machine *m, const struct mfr_mce *mce);

void machine_destroy(struct machine *m);

#endif /* MACHINE_H */
