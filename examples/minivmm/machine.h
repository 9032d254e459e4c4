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
	STATUS_GUEST_LOST,	/* or memory differs from what was written */
	STATUS_UNABLE,		/* the guest was not run */
};

#define MCE_BANKS	10

/* A virtual machine with one CPU and one region of memory. */
struct machine {
	int kvm, vm, vcpu;		/* descriptors */
	struct kvm_run *run;
	int cpu;			/* MFR_CPU_INTEL or MFR_CPU_AMD */
	bool hole;			/* KVM unmaps lost pages */
	struct mfr_kvm_slot slot;	/* all of the memory */
	unsigned int slots;		/* KVM's: more if some is lost */
	char *marks;			/* or NULL: see memory.c */
	volatile uint64_t stopped_at;	/* guest physical, of a mark; or 0 */
	volatile sig_atomic_t in_guest;	/* a load that traps is the guest's */
};

/* Exits with STATUS_UNABLE, the message and errno if @ret is below 0. */
int must(int ret, const char *what);

/* The CPU of this host, for mfr_kvm_mce(). */
int host_cpu(void);

/*
 * Exits with STATUS_UNABLE and a message if it fails.  @cpu: MFR_CPU_INTEL or
 * MFR_CPU_AMD, the format of machine checks; @hole: have KVM unmap lost pages from
 * the guest if it supports that, which m->hole then says.
 */
void machine_open(struct machine *m, int cpu, bool hole);

/*
 * Run the guest until it exits; m->run has the reason.  false: interrupted by a
 * signal, in the guest or since m->run->immediate_exit was cleared.
 */
bool machine_run(struct machine *m);

/* True if the guest exited at an access to a lost page, which is @guest. */
bool machine_met_hole(struct machine *m, struct mfr_range *guest);

/*
 * Finish the instruction that has exited, and run none after it: before this, the
 * registers are not those to read or to replace.
 */
void machine_settle(struct machine *m);

/* At its next entry the guest takes a machine check, or the bank is filled. */
void machine_inject(struct machine *m, const struct mfr_mce *mce);

void machine_destroy(struct machine *m);

#endif /* MACHINE_H */
