// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "procfile.h"

#define LOW_BYTES	0x10000
#define SLOT_LOW	0
#define SLOT_HUGE	1

#define TABLE		0x2000	/* a page of entries, each of 4 MiB */
#define ENTRIES		1024
#define ENTRY_BITS	0x83	/* present, writable, large */
#define ENTRY_SHIFT	22

#define HOST_SAVE	0x3000	/* a page for VMRUN */
#define MSR_VM_HSAVE_PA	0xc0010117

#define CR0_PE		1
#define CR0_PG		(1U << 31)	/* VMRUN requires it */
#define CR4_PSE		(1 << 4)
#define EFER_SVME	(1 << 12)
#define RFLAGS_NONE	2

/*
 * 32 bits; esi: address, ecx: number of base pages, al: a byte.  out ends each: with
 * KVM's own APIC hlt would wait for an interrupt.
 */
static const struct code {
	uint16_t at;
	uint8_t length, bytes[16];
} load = {		/* 1: mov (%esi), %al; add $4096, %esi; loop 1b; out */
	0x1000, 12, { 0x8a, 0x06, 0x81, 0xc6, 0, 0x10, 0, 0, 0xe2, 0xf6, 0xe6, 0 },
}, store = {		/* the same with mov %al, (%esi) */
	0x1100, 12, { 0x88, 0x06, 0x81, 0xc6, 0, 0x10, 0, 0, 0xe2, 0xf6, 0xe6, 0 },
}, vmrun = {		/* mov %esi, %eax; vmrun; out */
	0x1200, 7, { 0x89, 0xf0, 0x0f, 0x01, 0xd8, 0xe6, 0 },
};

static void put_code(struct machine *m, const struct code *code)
{
	memcpy(m->low + code->at, code->bytes, code->length);
}

/* Identity map: guest virtual addresses equal guest physical ones. */
static void put_table(struct machine *m)
{
	uint32_t *table = (uint32_t *)(m->low + TABLE), i;

	for (i = 0; i < ENTRIES; i++)
		table[i] = i << ENTRY_SHIFT | ENTRY_BITS;
}

static int set_slot(struct machine *m, uint32_t slot, void *at, uint64_t gpa,
		    uint64_t bytes, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .flags = flags, .guest_phys_addr = gpa,
		.memory_size = bytes, .userspace_addr = (uintptr_t)at,
	};

	return ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

int machine_create(struct machine *m)
{
	*m = (struct machine){ .vm = -1 };
	m->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (m->kvm < 0)
		return -errno;
	m->vm = ioctl(m->kvm, KVM_CREATE_VM, 0);
	if (m->vm < 0)
		return -errno;
	m->low = mmap(NULL, LOW_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (m->low == MAP_FAILED)
		return -errno;
	put_code(m, &load);
	put_code(m, &store);
	put_code(m, &vmrun);
	put_table(m);
	return set_slot(m, SLOT_LOW, m->low, 0, LOW_BYTES, 0);
}

int machine_enable(struct machine *m, uint64_t flags)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MEMORY_FAILURE_EXIT, .args = { flags },
	};

	return ioctl(m->vm, KVM_ENABLE_CAP, &cap) ? -errno : 0;
}

int machine_use_apic(struct machine *m)
{
	return ioctl(m->vm, KVM_CREATE_IRQCHIP, 0) ? -errno : 0;
}

int machine_set_memory(struct machine *m, const struct hugepage *hp,
		       uint64_t gpa, uint64_t bytes, uint32_t flags)
{
	return set_slot(m, SLOT_HUGE, hp->map, gpa, bytes, flags);
}

static int set_cpuid(struct machine *m, int fd)
{
	struct {
		struct kvm_cpuid2 head;
		struct kvm_cpuid_entry2 entries[256];
	} cpuid = { .head.nent = 256 };

	if (ioctl(m->kvm, KVM_GET_SUPPORTED_CPUID, &cpuid) ||
	    ioctl(fd, KVM_SET_CPUID2, &cpuid))
		return -errno;
	return 0;
}

static int set_mode(int fd)
{
	struct kvm_segment data = {
		.limit = ~0U, .selector = 0x10, .type = 3, .present = 1,
		.s = 1, .db = 1, .g = 1,
	};
	struct kvm_sregs s;

	if (ioctl(fd, KVM_GET_SREGS, &s))
		return -errno;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cs = data;
	s.cs.selector = 8;
	s.cs.type = 11;
	s.cr3 = TABLE;
	s.cr4 |= CR4_PSE;
	s.cr0 |= CR0_PE | CR0_PG;
	s.efer |= EFER_SVME;
	return ioctl(fd, KVM_SET_SREGS, &s) ? -errno : 0;
}

int machine_add_cpu(struct machine *m)
{
	struct machine_cpu *cpu = &m->cpu[m->n_cpus];
	int bytes = ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	int err;

	cpu->fd = ioctl(m->vm, KVM_CREATE_VCPU, m->n_cpus);
	if (cpu->fd < 0)
		return -errno;
	cpu->run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			cpu->fd, 0);
	if (cpu->run == MAP_FAILED)
		return -errno;
	m->n_cpus++;
	err = set_cpuid(m, cpu->fd);
	if (!err)
		err = set_mode(cpu->fd);
	return err ? err : machine_wrmsr(m, m->n_cpus - 1, MSR_VM_HSAVE_PA,
					 HOST_SAVE);
}

/* The result of an operation that ended without SIGBUS. */
static struct machine_result result_of(struct kvm_run *run, int ret, int error)
{
	if (!ret && run->exit_reason == KVM_EXIT_IO)
		return (struct machine_result){ .end = MACHINE_DONE };
	if (!ret && run->exit_reason == KVM_EXIT_SHUTDOWN)
		return (struct machine_result){ .end = MACHINE_SHUTDOWN };
	if (ret && error == EHWPOISON &&
	    run->exit_reason == KVM_EXIT_MEMORY_FAULT)
		return (struct machine_result){
			.end = MACHINE_LOST, .gpa = run->memory_fault.gpa,
			.bytes = run->memory_fault.size,
		};
	return (struct machine_result){
		.end = MACHINE_OTHER,
		.error = ret ? error : (int)run->exit_reason,
	};
}

struct entry {
	struct machine_cpu *cpu;
	int ret, error;
};

static void enter(volatile char *arg)
{
	struct entry *e = (struct entry *)arg;

	e->cpu->run->exit_reason = KVM_EXIT_UNKNOWN;
	e->ret = ioctl(e->cpu->fd, KVM_RUN, 0);
	e->error = errno;
}

static struct machine_result execute(struct machine *m, int n,
				     const struct code *code, uint64_t gpa,
				     uint32_t pages)
{
	struct machine_result r = { .end = MACHINE_SIGBUS };
	struct entry e = { .cpu = &m->cpu[n] };
	struct kvm_regs regs = {
		.rip = code->at, .rsi = gpa, .rcx = pages,
		.rax = MACHINE_BYTE, .rflags = RFLAGS_NONE,
	};

	if (ioctl(e.cpu->fd, KVM_SET_REGS, &regs))
		return (struct machine_result){
			.end = MACHINE_OTHER, .error = errno,
		};
	if (sigbus_on(enter, (volatile char *)&e, &r.bus))
		return r;
	return result_of(e.cpu->run, e.ret, e.error);
}

struct machine_result machine_load(struct machine *m, int cpu, uint64_t gpa,
				   uint32_t n)
{
	return execute(m, cpu, &load, gpa, n);
}

struct machine_result machine_store(struct machine *m, int cpu, uint64_t gpa,
				    uint32_t n)
{
	return execute(m, cpu, &store, gpa, n);
}

struct machine_result machine_vmrun(struct machine *m, int cpu, uint64_t gpa)
{
	return execute(m, cpu, &vmrun, gpa, 1);
}

int machine_wrmsr(struct machine *m, int cpu, uint32_t msr, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} set = { { .nmsrs = 1 }, { .index = msr, .data = value } };
	int n = ioctl(m->cpu[cpu].fd, KVM_SET_MSRS, &set);

	return n == 1 ? 0 : n < 0 ? -errno : -EINVAL;
}

long machine_prefault(struct machine *m, int cpu, uint64_t gpa, uint64_t bytes)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = bytes };

	if (ioctl(m->cpu[cpu].fd, KVM_PRE_FAULT_MEMORY, &range))
		return -errno;
	return range.size;
}

long machine_stat(const struct machine *m, const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/%s",
		 getpid(), m->vm, name);
	return procfile_number(path);
}

void machine_destroy(struct machine *m)
{
	while (m->n_cpus)
		close(m->cpu[--m->n_cpus].fd);
	close(m->vm);
	close(m->kvm);
	if (m->low && m->low != MAP_FAILED)
		munmap(m->low, LOW_BYTES);
}
