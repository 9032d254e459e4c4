// SPDX-License-Identifier: MIT
#include "machine.h"

#include <cpuid.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MCG_CTL_P	(1ULL << 8)
#define MCG_SER_P	(1ULL << 24)	/* error recovery; Intel only */

/* Missing from older headers */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT	39
#endif
#ifndef KVM_CAP_MEMORY_FAILURE_EXIT
#define KVM_CAP_MEMORY_FAILURE_EXIT	19782
#define KVM_MEMORY_FAILURE_EXIT_HOLE	1
#endif

int host_cpu(void)
{
	unsigned int max, ebx, ecx, edx;

	__cpuid(0, max, ebx, ecx, edx);
	return ebx == signature_INTEL_ebx ? MFR_CPU_INTEL : MFR_CPU_AMD;
}

int must(int ret, const char *what)
{
	if (ret < 0)
		err(STATUS_UNABLE, "cannot %s", what);
	return ret;
}

/* All features that KVM and the host's CPU support. */
static void set_cpuid(struct machine *m)
{
	enum { ENTRIES = 256 };
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) +
					  ENTRIES * sizeof(cpuid->entries[0]));

	if (!cpuid)
		err(STATUS_UNABLE, "cannot hold the CPU's features");
	cpuid->nent = ENTRIES;
	must(ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, cpuid),
	     "ask for the CPU's features");
	must(ioctl(m->vcpu, KVM_SET_CPUID2, cpuid), "set the CPU's features");
	free(cpuid);
}

static void create_cpu(struct machine *m)
{
	uint64_t mcg_cap = MCE_BANKS | MCG_CTL_P;
	int bytes = must(ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0),
			 "ask for the size of struct kvm_run");

	m->vcpu = must(ioctl(m->vm, KVM_CREATE_VCPU, 0), "create a CPU");
	m->run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu,
		      0);
	if (m->run == MAP_FAILED)
		err(STATUS_UNABLE, "cannot map the CPU's struct kvm_run");
	set_cpuid(m);
	if (m->cpu == MFR_CPU_INTEL)
		mcg_cap |= MCG_SER_P;
	must(ioctl(m->vcpu, KVM_X86_SETUP_MCE, &mcg_cap),
	     "give the CPU its machine check banks");
}

/* Call before a CPU is created; later, KVM refuses. */
static bool make_holes(struct machine *m)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MEMORY_FAILURE_EXIT,
		.args = { KVM_MEMORY_FAILURE_EXIT_HOLE },
	};

	if (ioctl(m->vm, KVM_CHECK_EXTENSION, cap.cap) <= 0)
		return false;
	must(ioctl(m->vm, KVM_ENABLE_CAP, &cap),
	     "enable KVM_CAP_MEMORY_FAILURE_EXIT");
	return true;
}

void machine_open(struct machine *m, int cpu, bool hole)
{
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		err(STATUS_UNABLE, "cannot open /dev/kvm; is there a CPU with virtualisation, kvm_amd or kvm_intel loaded, and the right to open it?");
	if (ioctl(m->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		errx(STATUS_UNABLE, "the kernel's KVM is of another version than %d",
		     KVM_API_VERSION);
	m->vm = must(ioctl(m->kvm, KVM_CREATE_VM, 0), "create a machine");
	m->cpu = cpu;
	m->hole = hole && make_holes(m);
	create_cpu(m);
}

bool machine_run(struct machine *m)
{
	int ret;

	m->in_guest = 1;
	ret = ioctl(m->vcpu, KVM_RUN, 0);
	m->in_guest = 0;
	if (ret < 0 && errno == EINTR)
		return m->stopped_at;
	if (ret < 0 && errno == EHWPOISON &&
	    m->run->exit_reason == KVM_EXIT_MEMORY_FAULT)
		return true;
	must(ret, "run the guest");
	return true;
}

bool machine_met_hole(struct machine *m, struct mfr_range *guest)
{
	struct {
		uint64_t flags, gpa, size;
	} fault;	/* memory_fault, in newer headers */

	if (m->stopped_at) {
		*guest = (struct mfr_range){ m->stopped_at, mfr_page_bytes() };
		m->stopped_at = 0;
		return true;
	}
	if (m->run->exit_reason != KVM_EXIT_MEMORY_FAULT)
		return false;
	memcpy(&fault, m->run->padding, sizeof(fault));
	*guest = (struct mfr_range){ fault.gpa, fault.size };
	return true;
}

/* KVM does the rest of an instruction that has exited when the CPU runs again. */
void machine_settle(struct machine *m)
{
	m->run->immediate_exit = 1;
	machine_run(m);
}

void machine_inject(struct machine *m, const struct mfr_mce *mce)
{
	struct kvm_x86_mce to_kvm = {
		.status = mce->status, .addr = mce->addr, .misc = mce->misc,
		.mcg_status = mce->mcg_status, .bank = mce->bank,
	};

	must(ioctl(m->vcpu, KVM_X86_SET_MCE, &to_kvm),
	     "inject the machine check");
}

void machine_destroy(struct machine *m)
{
	close(m->vcpu);
	close(m->vm);
	close(m->kvm);
}
