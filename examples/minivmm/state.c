// SPDX-License-Identifier: MIT
#include "state.h"

#include <err.h>
#include <string.h>
#include <sys/ioctl.h>

/* Intel SDM Vol. 4; AMD APM Vol. 2 has the same numbers. */
#define MSR_MCG_STATUS	0x17a
#define MSR_MC0_CTL	0x400

#define BANK_MSRS	(MCE_BANKS * MSRS_PER_BANK)

struct msrs {
	struct kvm_msrs head;
	struct kvm_msr_entry entries[BANK_MSRS];
};

static void transfer(struct machine *m, unsigned long request, struct msrs *msrs)
{
	int done = must(ioctl(m->vcpu, request, msrs),
			"transfer the CPU's machine check registers");

	if (done != (int)msrs->head.nmsrs)
		errx(STATUS_UNABLE, "KVM refuses the CPU's register 0x%x",
		     msrs->entries[done].index);
}

static struct msrs banks(void)
{
	struct msrs msrs = { .head.nmsrs = BANK_MSRS };
	int i;

	for (i = 0; i < BANK_MSRS; i++)
		msrs.entries[i].index = MSR_MC0_CTL + i;
	return msrs;
}

uint64_t cpu_mcg_status(struct machine *m)
{
	struct msrs msrs = { { .nmsrs = 1 }, { { .index = MSR_MCG_STATUS } } };

	transfer(m, KVM_GET_MSRS, &msrs);
	return msrs.entries[0].data;
}

static void set_mcg_status(struct machine *m, uint64_t status)
{
	struct msrs msrs = {
		{ .nmsrs = 1 }, { { .index = MSR_MCG_STATUS, .data = status } },
	};

	transfer(m, KVM_SET_MSRS, &msrs);
}

void cpu_save(struct machine *m, struct cpu_state *state)
{
	struct msrs msrs = banks();
	int i;

	*state = (struct cpu_state){ .cpu = m->cpu };
	must(ioctl(m->vcpu, KVM_GET_REGS, &state->regs), "read the CPU's registers");
	must(ioctl(m->vcpu, KVM_GET_SREGS, &state->sregs), "read the CPU's registers");
	must(ioctl(m->vcpu, KVM_GET_VCPU_EVENTS, &state->events),
	     "read the CPU's exceptions");
	state->mcg_status = cpu_mcg_status(m);
	transfer(m, KVM_GET_MSRS, &msrs);
	for (i = 0; i < BANK_MSRS; i++)
		state->banks[i] = msrs.entries[i].data;
}

void cpu_restore(struct machine *m, const struct cpu_state *state)
{
	struct msrs msrs = banks();
	int i;

	must(ioctl(m->vcpu, KVM_SET_SREGS, &state->sregs), "set the CPU's registers");
	must(ioctl(m->vcpu, KVM_SET_REGS, &state->regs), "set the CPU's registers");
	for (i = 0; i < BANK_MSRS; i++)
		msrs.entries[i].data = state->banks[i];
	transfer(m, KVM_SET_MSRS, &msrs);
	set_mcg_status(m, state->mcg_status);
	must(ioctl(m->vcpu, KVM_SET_VCPU_EVENTS, &state->events),
	     "set the CPU's exceptions");
}

/* The banks stay, as they do at a warm reset: the next life may look into them. */
void cpu_forget_machine_checks(struct machine *m)
{
	const struct kvm_vcpu_events none = { 0 };

	must(ioctl(m->vcpu, KVM_SET_VCPU_EVENTS, &none), "reset the CPU");
	set_mcg_status(m, 0);
}
