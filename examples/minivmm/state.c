// SPDX-License-Identifier: MIT
#include "state.h"

#include <err.h>
#include <sys/ioctl.h>

/* Intel SDM Vol. 4; AMD APM Vol. 2 has the same numbers. */
#define MSR_MCG_STATUS	0x17a

struct msrs {
	struct kvm_msrs head;
	struct kvm_msr_entry entries[1];
};

static void transfer(struct machine *m, unsigned long request, struct msrs *msrs)
{
	int done = must(ioctl(m->vcpu, request, msrs),
			"transfer the CPU's machine check registers");

	if (done != (int)msrs->head.nmsrs)
		errx(STATUS_UNABLE, "KVM refuses the CPU's register 0x%x",
		     msrs->entries[done].index);
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

/* The banks stay, as they do at a warm reset: the next life may look into them. */
void cpu_forget_machine_checks(struct machine *m)
{
	const struct kvm_vcpu_events none = { 0 };

	must(ioctl(m->vcpu, KVM_SET_VCPU_EVENTS, &none), "reset the CPU");
	set_mcg_status(m, 0);
}
