// SPDX-License-Identifier: GPL-2.0-only
/* A guest of the attacker, with lost lines in its memory and its structures. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hugepage.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

#define CODE		0x1000
#define RAW		0x2000		/* guest physical, one base page */
#define MSR_CLOCK	0x4b564d01
#define MSR_STEAL	0x4b564d03
#define MSR_PV_EOI	0x4b564d04
#ifndef KVM_KVMCLOCK_CTRL
#define KVM_KVMCLOCK_CTRL	_IO(KVMIO, 0xad)
#endif

struct guest {
	int kvm, vm, vcpu;
	char *code;
};

/* mov al, [RAW]; out 0x10, al; jmp back */
static const unsigned char program[] = {
	0xa0, 0x00, 0x20, 0xe6, 0x10, 0xeb, 0xf9
};

static bool set_slot(struct guest *g, int slot, uint64_t at, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = at, .memory_size = BASE_PAGE,
		.userspace_addr = (uintptr_t)memory,
	};

	return !ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void set_start(struct guest *g, uint64_t rip)
{
	struct kvm_regs regs = { .rip = rip, .rflags = 2 };
	struct kvm_sregs sregs;

	if (ioctl(g->vcpu, KVM_GET_SREGS, &sregs))
		return;
	sregs.cs.base = sregs.cs.selector = 0;
	ioctl(g->vcpu, KVM_SET_SREGS, &sregs);
	ioctl(g->vcpu, KVM_SET_REGS, &regs);
}

static void copy_cpuid(struct guest *g)
{
	static struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entry[100];
	} cpuid;

	cpuid.header.nent = 100;
	if (!ioctl(g->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid))
		ioctl(g->vcpu, KVM_SET_CPUID2, &cpuid);
}

static bool guest_open(struct guest *g, void *raw_page)
{
	g->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (g->kvm < 0)
		return false;
	g->vm = ioctl(g->kvm, KVM_CREATE_VM, 0);
	g->code = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(g->code, program, sizeof(program));
	if (!set_slot(g, 0, CODE, g->code) || !set_slot(g, 1, RAW, raw_page))
		return false;
	g->vcpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
	copy_cpuid(g);
	set_start(g, CODE);
	return g->vcpu >= 0;
}

static void guest_close(struct guest *g)
{
	close(g->vcpu);
	close(g->vm);
	close(g->kvm);
	munmap(g->code, BASE_PAGE);
}

static void set_msr(struct guest *g, uint32_t index, uint64_t value)
{
	struct { struct kvm_msrs header; struct kvm_msr_entry entry; } msr = {
		{ .nmsrs = 1 }, { .index = index, .data = value }
	};

	ioctl(g->vcpu, KVM_SET_MSRS, &msr);
}

/*
 * Pages that KVM itself writes and reads: clock, steal time, end of interrupt.
 * It uses plain loads, so new poison there panics the machine, with or without
 * the policy (docs/kernel.md).  Put them into the half of the page without
 * @line, which has to be healthy.
 */
static void keep_time(struct guest *g, char *line)
{
	uint64_t at = RAW + ((uintptr_t)line % BASE_PAGE < 0x800 ? 0x800 : 0);

	set_msr(g, MSR_CLOCK, (at + 0x100) | 1);
	set_msr(g, MSR_STEAL, (at + 0x200) | 1);
	set_msr(g, MSR_PV_EOI, (at + 0x300) | 1);
	set_start(g, CODE + 3);
	ioctl(g->vcpu, KVM_RUN, 0);
	user_try((void)*(volatile char *)line);
	ioctl(g->vcpu, KVM_KVMCLOCK_CTRL, 0);
	user_try(ioctl(g->vcpu, KVM_RUN, 0));
}

static void run_clock(void *line)
{
	struct guest g = { -1, -1, -1, NULL };

	if (guest_open(&g, (void *)((uintptr_t)line & -BASE_PAGE)))
		keep_time(&g, line);
}

void scene_clock(struct rng *rng)
{
	user_child(run_clock, place_line_alone(rng));
}

static void hand_structures(struct rng *rng, struct guest *g)
{
	static const unsigned int requests[] = {
		KVM_SET_USER_MEMORY_REGION, KVM_GET_DIRTY_LOG, KVM_SET_CLOCK,
		KVM_GET_CLOCK, KVM_IRQ_LINE, KVM_SET_GSI_ROUTING, KVM_IOEVENTFD,
		KVM_IRQFD, KVM_CREATE_DEVICE, KVM_SIGNAL_MSI, KVM_ENABLE_CAP,
	};
	static const unsigned int vcpu_requests[] = {
		KVM_SET_REGS, KVM_GET_REGS, KVM_SET_SREGS, KVM_SET_MSRS,
		KVM_GET_MSRS, KVM_SET_CPUID2, KVM_SET_FPU, KVM_GET_XSAVE,
		KVM_SET_XSAVE, KVM_SET_XCRS, KVM_SET_LAPIC, KVM_SET_VCPU_EVENTS,
		KVM_TRANSLATE, KVM_SET_SIGNAL_MASK, KVM_SET_GUEST_DEBUG,
	};

	ioctl(g->vm, requests[rng_below(rng, 11)], place_words(rng));
	ioctl(g->vcpu, vcpu_requests[rng_below(rng, 15)], place_words(rng));
	ioctl(g->vcpu, vcpu_requests[rng_below(rng, 15)],
	      place_raw(rng, 256, true));
}

void scene_kvm(struct rng *rng)
{
	struct guest g = { -1, -1, -1, NULL };

	if (guest_open(&g, place_page(rng, true))) {
		hand_structures(rng, &g);
		user_try(ioctl(g.vcpu, KVM_RUN, 0));
		user_try(ioctl(g.vcpu, KVM_RUN, 0));
	}
	if (g.kvm >= 0)
		guest_close(&g);
}
