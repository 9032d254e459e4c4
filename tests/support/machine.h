/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A KVM guest whose memory is a huge page: its CPUs, in protected mode, do one
 * operation per call.  Their code is outside of the huge page, so that they run
 * whatever happens to it.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

#include "hugepage.h"
#include "sigbus.h"

#ifndef KVM_CAP_MEMORY_FAILURE_EXIT
#define KVM_CAP_MEMORY_FAILURE_EXIT	19782
#define KVM_MEMORY_FAILURE_EXIT_HOLE	(1ULL << 0)
#endif

#define MACHINE_CPUS	4
#define MACHINE_BYTE	0x20		/* what it stores */
#define MACHINE_GPA	0x40000000UL	/* for the huge page, aligned to it */

struct machine {
	int kvm, vm;			/* descriptors */
	char *low;			/* memory below 64 KiB: the code */
	int n_cpus;
	struct machine_cpu {
		int fd;
		struct kvm_run *run;
	} cpu[MACHINE_CPUS];
};

/* How a CPU's operation ended. */
enum machine_end {
	MACHINE_DONE,
	MACHINE_LOST,		/* -EHWPOISON, KVM_EXIT_MEMORY_FAULT: gpa */
	MACHINE_SIGBUS,		/* bus */
	MACHINE_SHUTDOWN,	/* an exception: the guest handles none */
	MACHINE_OTHER,		/* error: errno of KVM_RUN, or the exit reason */
};

struct machine_result {
	enum machine_end end;
	uint64_t gpa, bytes;
	struct sigbus bus;
	long error;
};

/* A VM without CPUs or huge page; 0 or -errno. */
int machine_create(struct machine *m);

/* KVM_ENABLE_CAP of KVM_CAP_MEMORY_FAILURE_EXIT; 0 or -errno. */
int machine_enable(struct machine *m, uint64_t flags);

/* KVM's own interrupt controllers, for CPUs that are added later; 0 or -errno. */
int machine_use_apic(struct machine *m);

/* 0 or -errno. */
int machine_add_cpu(struct machine *m);

/*
 * Map @hp at @gpa, or remove it if @bytes is 0; @flags are KVM's.  0 or -errno.
 */
int machine_set_memory(struct machine *m, const struct hugepage *hp,
		       uint64_t gpa, uint64_t bytes, uint32_t flags);

/* One load, or store, of each of @n base pages from @gpa on, by CPU @cpu. */
struct machine_result machine_load(struct machine *m, int cpu, uint64_t gpa,
				   uint32_t n);
struct machine_result machine_store(struct machine *m, int cpu, uint64_t gpa,
				    uint32_t n);

/* VMRUN with the VMCB at @gpa; ends as MACHINE_DONE if that is all zeroes. */
struct machine_result machine_vmrun(struct machine *m, int cpu, uint64_t gpa);

/* 0 or -errno */
int machine_wrmsr(struct machine *m, int cpu, uint32_t msr, uint64_t value);

/* KVM_PRE_FAULT_MEMORY: how many of @bytes were not mapped, or -errno. */
long machine_prefault(struct machine *m, int cpu, uint64_t gpa, uint64_t bytes);

/* This VM's counter @name in debugfs: pages_1g, pf_fixed, ...; or -errno. */
long machine_stat(const struct machine *m, const char *name);

void machine_destroy(struct machine *m);

#endif /* MACHINE_H */
