// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 18 and 25: errors in the memory of KVM guests.
 * KVM_CAP_MEMORY_FAILURE_EXIT chooses between a 4 KiB hole in stage 2, where
 * the next access to the lost page is an exit with its address, and a huge
 * mapping that stays, where it is a machine check.  Code in KVM that caches
 * the addresses of guest pages looks them up again.
 */
#define _GNU_SOURCE
#include <count.h>
#include <errno.h>
#include <poison.h>
#include <pthread.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "control.h"
#include "cost.h"
#include "hugepage.h"
#include "kmsg.h"
#include "machine.h"
#include "polling.h"
#include "procfile.h"
#include "sigbus.h"

#define RAW		(300 * BASE_PAGE)	/* where the first error is */
#define RAW_2		(7 * BASE_PAGE)
#define LINE		0x740			/* in a base page */
#define MANY		1000

/* A guest with a huge page; @others counts further base pages in stage 2. */
FIXTURE(stage2)
{
	struct hugepage hp;
	struct machine m;
	long others;
};

FIXTURE_VARIANT(stage2)
{
	size_t size;
	bool hole;
};

FIXTURE_VARIANT_ADD(stage2, hole_2M) { .size = SIZE_2M, .hole = true };
FIXTURE_VARIANT_ADD(stage2, huge_2M) { .size = SIZE_2M };
FIXTURE_VARIANT_ADD(stage2, hole_1G) { .size = SIZE_1G, .hole = true };
FIXTURE_VARIANT_ADD(stage2, huge_1G) { .size = SIZE_1G };

#define HOLE	1	/* KVM_CAP_MEMORY_FAILURE_EXIT */
#define APIC	2	/* KVM's own */

/* Base lacks the capability: its control runs without and shows the result. */
static void create_guest(struct __test_metadata *_metadata, struct machine *m,
			 struct hugepage *hp, size_t size, unsigned int options)
{
	ASSERT_EQ(0, kmsg_start());
	sigbus_catch();
	ASSERT_EQ(0, hugepage_create(hp, size));
	ASSERT_EQ(0, machine_create(m));
	if (options & HOLE && !policy_omitted())
		ASSERT_EQ(0, machine_enable(m, KVM_MEMORY_FAILURE_EXIT_HOLE));
	if (options & APIC)
		ASSERT_EQ(0, machine_use_apic(m));
	ASSERT_EQ(0, machine_set_memory(m, hp, MACHINE_GPA, size, 0));
	ASSERT_EQ(0, machine_add_cpu(m));
}

static void expect_loads(struct __test_metadata *_metadata, struct machine *m,
			 uint64_t gpa, uint32_t n)
{
	struct machine_result r = machine_load(m, 0, gpa, n);

	ASSERT_EQ(MACHINE_DONE, r.end) {
		TH_LOG("KVM_RUN: %ld, gpa %#lx", r.error, r.gpa);
	}
}

FIXTURE_SETUP(stage2)
{
	create_guest(_metadata, &self->m, &self->hp, variant->size,
		     variant->hole ? HOLE : 0);
	expect_loads(_metadata, &self->m, MACHINE_GPA, 1);
	self->others = machine_stat(&self->m, "pages_4k");
	ASSERT_LT(0, self->others);
	ASSERT_EQ(1, machine_stat(&self->m, "pages_1g") +
		     machine_stat(&self->m, "pages_2m"));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(stage2)
{
	kmsg_console(true);
	lab_poison_clear();
}

/* The same, for tests that do not need 1 GiB, as each error costs a page. */
FIXTURE(stage2_2M)
{
	struct hugepage hp;
	struct machine m;
	long others;
};

FIXTURE_VARIANT(stage2_2M)
{
	bool hole;
};

FIXTURE_VARIANT_ADD(stage2_2M, hole) { .hole = true };
FIXTURE_VARIANT_ADD(stage2_2M, huge) { .hole = false };

FIXTURE_SETUP(stage2_2M)
{
	create_guest(_metadata, &self->m, &self->hp, SIZE_2M,
		     variant->hole ? HOLE : 0);
	expect_loads(_metadata, &self->m, MACHINE_GPA, 1);
	self->others = machine_stat(&self->m, "pages_4k");
	ASSERT_LT(0, self->others);
	ASSERT_EQ(1, machine_stat(&self->m, "pages_2m"));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(stage2_2M)
{
	lab_poison_clear();
}

static void break_line(struct __test_metadata *_metadata,
		       const struct hugepage *hp, size_t offset)
{
	ASSERT_EQ(0, lab_poison_add(hp->pa + offset + LINE, 1));
}

/* The guest loads new poison, which is a machine check. */
static void consume_in_guest(struct __test_metadata *_metadata,
			     struct machine *m, const struct hugepage *hp,
			     size_t offset)
{
	struct machine_result r;

	break_line(_metadata, hp, offset);
	r = machine_load(m, 0, MACHINE_GPA + offset + LINE, 1);
	ASSERT_EQ(MACHINE_SIGBUS, r.end);
	EXPECT_EQ(BUS_MCEERR_AR, r.bus.code);
	ASSERT_EQ(12, r.bus.lsb);
	EXPECT_EQ((uintptr_t)hp->map + offset,
		  r.bus.addr & ~(BASE_PAGE - 1));
}

/* The VMM loads new poison. */
static void consume_in_host(struct __test_metadata *_metadata,
			    const struct hugepage *hp, size_t offset)
{
	struct sigbus seen;

	break_line(_metadata, hp, offset);
	ASSERT_TRUE(sigbus_on_load(hp->map + offset + LINE, &seen));
	ASSERT_EQ(12, seen.lsb);
}

static void expect_exit(struct __test_metadata *_metadata,
			struct machine_result r, uint64_t gpa)
{
	ASSERT_EQ(MACHINE_LOST, r.end) {
		TH_LOG("KVM_RUN: %ld", r.error);
	}
	EXPECT_EQ(gpa, r.gpa);
	EXPECT_EQ(BASE_PAGE, r.bytes);
}

/* Known poison: any line of the base page is an exit, not a machine check. */
static void expect_hole(struct __test_metadata *_metadata, struct machine *m,
			int cpu, uint64_t gpa)
{
	int64_t hits = lab_poison_hits();

	expect_exit(_metadata, machine_load(m, cpu, gpa + LINE, 1), gpa);
	expect_exit(_metadata, machine_load(m, cpu, gpa, 1), gpa);
	expect_exit(_metadata, machine_store(m, cpu, gpa + 8, 1), gpa);
	EXPECT_EQ(hits, lab_poison_hits());
}

/* The bad line is a machine check again; the rest of its page is readable. */
static void expect_mapped(struct __test_metadata *_metadata, struct machine *m,
			  uint64_t gpa)
{
	int64_t hits = lab_poison_hits();
	struct machine_result r = machine_load(m, 0, gpa + LINE, 1);

	ASSERT_EQ(MACHINE_SIGBUS, r.end);
	EXPECT_EQ(BUS_MCEERR_AR, r.bus.code);
	EXPECT_EQ(12, r.bus.lsb);
	EXPECT_EQ(hits + 1, lab_poison_hits());
	expect_loads(_metadata, m, gpa, 1);
}

/* Stage 2 with @n lost base pages, each in a different 2 MiB. */
static void expect_split(struct __test_metadata *_metadata,
			 const struct machine *m, size_t size, long others,
			 long n)
{
	long large = size == SIZE_1G ? 512 - n : 0;

	EXPECT_EQ(0, machine_stat(m, "pages_1g"));
	EXPECT_EQ(large, machine_stat(m, "pages_2m"));
	EXPECT_EQ(n * 511 + others, machine_stat(m, "pages_4k"));
}

static void expect_whole(struct __test_metadata *_metadata,
			 const struct machine *m, size_t size, long others)
{
	EXPECT_EQ(size == SIZE_1G, machine_stat(m, "pages_1g"));
	EXPECT_EQ(size == SIZE_2M, machine_stat(m, "pages_2m"));
	EXPECT_EQ(others, machine_stat(m, "pages_4k"));
}

/* The guest reads all but the base page at @offset. */
static void expect_others(struct __test_metadata *_metadata, struct machine *m,
			  size_t size, size_t offset)
{
	uint64_t behind = MACHINE_GPA + offset + BASE_PAGE;

	expect_loads(_metadata, m, MACHINE_GPA, offset / BASE_PAGE);
	expect_loads(_metadata, m, behind,
		     (MACHINE_GPA + size - behind) / BASE_PAGE);
}

/* Rule 25: after the first error, all other pages stay mapped: no faults. */
TEST_F_TIMEOUT(stage2, first_error, 120)
{
	long faults;

	consume_in_guest(_metadata, &self->m, &self->hp, RAW);
	if (variant->hole)
		expect_split(_metadata, &self->m, variant->size, self->others,
			     1);
	else
		expect_whole(_metadata, &self->m, variant->size, self->others);

	faults = machine_stat(&self->m, "pf_taken");
	expect_others(_metadata, &self->m, variant->size, RAW);
	EXPECT_EQ(faults, machine_stat(&self->m, "pf_taken"));

	if (variant->hole)
		expect_hole(_metadata, &self->m, 0, MACHINE_GPA + RAW);
	else
		expect_mapped(_metadata, &self->m, MACHINE_GPA + RAW);
}

#define COSTS		5

/* Cost of a KVM_RUN that loads the bad line, in instructions. */
static long cost_of_bad_line(struct machine *m, uint64_t gpa)
{
	struct cost costs[COSTS];
	int i;

	for (i = 0; i < COSTS; i++) {
		struct cost start = cost_now();

		machine_load(m, 0, gpa, 1);
		costs[i] = cost_since(start);
	}
	return cost_quartile(costs, COSTS, 2).insns;
}

/*
 * Print the figures of docs/vmm.md.  The cost of the bad line includes the
 * handler, the signal and the log line of a machine check.
 */
TEST_F_TIMEOUT(stage2, figures, 120)
{
	struct machine *m = &self->m;
	long large, medium, small, faults, cost;
	int64_t hits;

	consume_in_guest(_metadata, m, &self->hp, RAW);
	large = machine_stat(m, "pages_1g");
	medium = machine_stat(m, "pages_2m");
	small = machine_stat(m, "pages_4k");
	faults = machine_stat(m, "pf_taken");
	expect_others(_metadata, m, variant->size, RAW);
	faults = machine_stat(m, "pf_taken") - faults;
	hits = lab_poison_hits();
	ASSERT_EQ(0, lab_count_start());
	cost = cost_of_bad_line(m, MACHINE_GPA + RAW + LINE);
	lab_count_stop();
	printf("figures: %s, %zu MiB: then mapped by %ld/%ld/%ld of 1 GiB, 2 MiB, 4 KiB, ",
	       variant->hole ? "hole" : "default", variant->size >> 20, large,
	       medium, small);
	printf("%ld of these not its; %ld faults to read all others; ",
	       self->others, faults);
	printf("%ld instructions for the bad line again\n", cost);
	EXPECT_EQ(0, faults);
	EXPECT_EQ(variant->hole ? hits : hits + COSTS, lab_poison_hits());
}

/* The same if the VMM consumes the error, and then another one in the page. */
TEST_F(stage2_2M, second_error)
{
	consume_in_host(_metadata, &self->hp, RAW);
	consume_in_host(_metadata, &self->hp, RAW_2);
	if (variant->hole) {
		EXPECT_EQ(510 + self->others,
			  machine_stat(&self->m, "pages_4k"));
		expect_hole(_metadata, &self->m, 0, MACHINE_GPA + RAW);
		expect_hole(_metadata, &self->m, 0, MACHINE_GPA + RAW_2);
	} else {
		expect_whole(_metadata, &self->m, SIZE_2M, self->others);
		expect_mapped(_metadata, &self->m, MACHINE_GPA + RAW);
		expect_mapped(_metadata, &self->m, MACHINE_GPA + RAW_2);
	}
	expect_loads(_metadata, &self->m, MACHINE_GPA + RAW + BASE_PAGE, 9);
}

/* Mapped again after the error: around the lost page, or including it. */
TEST_F_TIMEOUT(stage2, mapped_anew, 120)
{
	struct machine *m = &self->m;

	consume_in_host(_metadata, &self->hp, RAW);
	ASSERT_EQ(0, machine_set_memory(m, &self->hp, MACHINE_GPA, 0, 0));
	EXPECT_EQ(0, machine_stat(m, "pages_1g") +
		     machine_stat(m, "pages_2m"));
	ASSERT_EQ(0, machine_set_memory(m, &self->hp, MACHINE_GPA,
					variant->size, 0));
	expect_others(_metadata, m, variant->size, RAW);
	if (variant->hole) {
		expect_hole(_metadata, m, 0, MACHINE_GPA + RAW);
		EXPECT_EQ(variant->size == SIZE_1G ? 511 : 0,
			  machine_stat(m, "pages_2m"));
	} else {
		expect_mapped(_metadata, m, MACHINE_GPA + RAW);
		EXPECT_EQ(1, machine_stat(m, "pages_1g") +
			     machine_stat(m, "pages_2m"));
	}
}

/* After a move of the memory slot, the exit has the new guest address. */
TEST_F(stage2_2M, moved)
{
	uint64_t gpa = MACHINE_GPA + SIZE_1G;

	consume_in_guest(_metadata, &self->m, &self->hp, RAW);
	ASSERT_EQ(0, machine_set_memory(&self->m, &self->hp, gpa,
					SIZE_2M, 0));
	expect_loads(_metadata, &self->m, gpa, RAW / BASE_PAGE);
	if (variant->hole)
		expect_hole(_metadata, &self->m, 0, gpa + RAW);
	else
		expect_mapped(_metadata, &self->m, gpa + RAW);
}

static void set_dirty_log(struct __test_metadata *_metadata, struct machine *m,
			  const struct hugepage *hp, bool on)
{
	ASSERT_EQ(0, machine_set_memory(m, hp, MACHINE_GPA, hp->size,
					on ? KVM_MEM_LOG_DIRTY_PAGES : 0));
}

/* Writes are logged despite a hole; the hole stays once logging is off. */
TEST_F(stage2_2M, dirty_logging)
{
	static unsigned char dirty[SIZE_2M / BASE_PAGE / 8];
	struct kvm_dirty_log log = { .slot = 1, .dirty_bitmap = dirty };
	struct machine *m = &self->m;
	const size_t healthy = RAW / BASE_PAGE + 3;

	set_dirty_log(_metadata, m, &self->hp, true);
	consume_in_guest(_metadata, m, &self->hp, RAW);
	EXPECT_EQ(MACHINE_DONE, machine_store(m, 0, MACHINE_GPA + healthy * BASE_PAGE,
					      1).end);
	if (variant->hole)
		expect_hole(_metadata, m, 0, MACHINE_GPA + RAW);
	ASSERT_EQ(0, ioctl(m->vm, KVM_GET_DIRTY_LOG, &log));
	EXPECT_TRUE(dirty[healthy / 8] & (1 << healthy % 8));

	set_dirty_log(_metadata, m, &self->hp, false);
	expect_others(_metadata, m, SIZE_2M, RAW);
	if (variant->hole)
		expect_hole(_metadata, m, 0, MACHINE_GPA + RAW);
	else
		expect_mapped(_metadata, m, MACHINE_GPA + RAW);
}

/* Dirty logging is switched on and off while there is a hole. */
TEST_F(stage2_2M, dirty_logging_later)
{
	struct machine *m = &self->m;

	consume_in_guest(_metadata, m, &self->hp, RAW);
	set_dirty_log(_metadata, m, &self->hp, true);
	expect_others(_metadata, m, SIZE_2M, RAW);
	if (variant->hole)
		expect_hole(_metadata, m, 0, MACHINE_GPA + RAW);
	set_dirty_log(_metadata, m, &self->hp, false);
	consume_in_guest(_metadata, m, &self->hp, RAW_2);
	expect_others(_metadata, m, RAW, RAW_2);
	if (variant->hole)
		expect_hole(_metadata, m, 0, MACHINE_GPA + RAW_2);
	else
		expect_mapped(_metadata, m, MACHINE_GPA + RAW_2);
}

/* KVM_PRE_FAULT_MEMORY maps a healthy page and refuses a lost one. */
TEST_F(stage2_2M, mapped_ahead)
{
	struct machine *m = &self->m;
	int64_t hits;

	consume_in_host(_metadata, &self->hp, RAW);
	hits = lab_poison_hits();
	EXPECT_EQ(0, machine_prefault(m, 0, MACHINE_GPA + RAW_2, BASE_PAGE));
	if (variant->hole)
		EXPECT_EQ(-EHWPOISON, machine_prefault(m, 0, MACHINE_GPA + RAW,
						       BASE_PAGE));
	EXPECT_EQ(hits, lab_poison_hits());
	expect_loads(_metadata, m, MACHINE_GPA + RAW_2, 1);
}

/* One error in each of @n base pages, spread over the huge page. */
static size_t nth_raw(size_t size, size_t i, size_t n)
{
	return (i * (size / BASE_PAGE / n) + 1) * BASE_PAGE;
}

/* The last of many errors is as exact as the first; earlier ones stay so. */
TEST_F_TIMEOUT(stage2, thousandth_error, 300)
{
	size_t n = variant->size == SIZE_1G ? MANY : 200, i;
	long taint = kernel_taint();
	uint64_t hits;

	ASSERT_EQ(0, kmsg_console(false));
	for (i = 0; i < n; i++)
		consume_in_guest(_metadata, &self->m, &self->hp,
				 nth_raw(variant->size, i, n));
	hits = lab_poison_hits();
	for (i = 0; variant->hole && i < n; i++) {
		uint64_t gpa = MACHINE_GPA + nth_raw(variant->size, i, n);

		expect_exit(_metadata,
			    machine_load(&self->m, 0, gpa + LINE, 1), gpa);
		expect_loads(_metadata, &self->m, gpa + BASE_PAGE, 1);
	}
	EXPECT_EQ(hits, lab_poison_hits());
	if (!variant->hole)
		expect_whole(_metadata, &self->m, variant->size, self->others);
	EXPECT_EQ(taint, kernel_taint());
}

struct reader {
	pthread_t thread;
	struct machine *m;
	int cpu;
	uint64_t gpa;
	uint32_t n;
	struct machine_result result;
};

/* Read all memory over and over, until an access fails. */
static void *read_on(void *arg)
{
	struct reader *r = arg;

	do {
		r->result = machine_load(r->m, r->cpu, r->gpa, r->n);
	} while (r->result.end == MACHINE_DONE);
	return NULL;
}

/* Several CPUs read all memory: each one exits with the lost address. */
TEST_F(stage2_2M, several_cpus)
{
	struct reader r[MACHINE_CPUS];
	int i;

	for (i = 0; i < MACHINE_CPUS; i++) {
		r[i] = (struct reader){
			.m = &self->m, .cpu = i,
			.gpa = MACHINE_GPA + LINE,
			.n = RAW / BASE_PAGE + 20,
		};
		if (i)
			ASSERT_EQ(0, machine_add_cpu(&self->m));
		ASSERT_EQ(0, pthread_create(&r[i].thread, NULL, read_on, &r[i]));
	}
	poll_pause();
	consume_in_host(_metadata, &self->hp, RAW);
	for (i = 0; i < MACHINE_CPUS; i++) {
		ASSERT_EQ(0, pthread_join(r[i].thread, NULL));
		/* one CPU may have consumed it while it was still new */
		if (r[i].result.end == MACHINE_SIGBUS) {
			EXPECT_EQ(BUS_MCEERR_AR, r[i].result.bus.code);
			EXPECT_EQ(12, r[i].result.bus.lsb);
		} else {
			expect_exit(_metadata, r[i].result, MACHINE_GPA + RAW);
		}
	}
	if (variant->hole)
		for (i = 0; i < MACHINE_CPUS; i++)
			expect_hole(_metadata, &self->m, i, MACHINE_GPA + RAW);
	expect_others(_metadata, &self->m, SIZE_2M, RAW);
}

/*
 * A nested guest's VMCB on a raw page: KVM refuses to map it.  L1 gets a #GP, for
 * which it has no handler here, or newer kernels leave it to the VMM.
 */
TEST_F(stage2_2M, nested)
{
	struct machine *m = &self->m;
	struct machine_result r;
	int64_t hits;

	EXPECT_EQ(MACHINE_DONE, machine_vmrun(m, 0, MACHINE_GPA + RAW).end);
	consume_in_host(_metadata, &self->hp, RAW);
	hits = lab_poison_hits();
	EXPECT_EQ(MACHINE_DONE, machine_vmrun(m, 0, MACHINE_GPA + RAW_2).end);
	r = machine_vmrun(m, 0, MACHINE_GPA + RAW);
	EXPECT_TRUE(r.end == MACHINE_SHUTDOWN ||
		    (r.end == MACHINE_OTHER &&
		     r.error == KVM_EXIT_INTERNAL_ERROR));
	EXPECT_EQ(hits, lab_poison_hits());
}

/* The capability itself */

FIXTURE(capability)
{
	struct hugepage hp;
	struct machine m;
};

FIXTURE_SETUP(capability)
{
	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, machine_create(&self->m));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(capability)
{
	lab_poison_clear();
}

TEST_F(capability, is_offered)
{
	EXPECT_EQ(KVM_MEMORY_FAILURE_EXIT_HOLE,
		  ioctl(self->m.kvm, KVM_CHECK_EXTENSION,
			KVM_CAP_MEMORY_FAILURE_EXIT));
	EXPECT_EQ(KVM_MEMORY_FAILURE_EXIT_HOLE,
		  ioctl(self->m.vm, KVM_CHECK_EXTENSION,
			KVM_CAP_MEMORY_FAILURE_EXIT));
}

static int enable_raw(struct machine *m, uint32_t flags, int i, uint64_t arg)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_MEMORY_FAILURE_EXIT, .flags = flags,
		.args = { KVM_MEMORY_FAILURE_EXIT_HOLE },
	};

	cap.args[i] = arg;
	return ioctl(m->vm, KVM_ENABLE_CAP, &cap) ? -errno : 0;
}

/* Wrong arguments are refused; the capability can still be enabled. */
TEST_F(capability, arguments)
{
	int i;

	EXPECT_EQ(-EINVAL, machine_enable(&self->m, 0));
	EXPECT_EQ(-EINVAL, machine_enable(&self->m, 2));
	EXPECT_EQ(-EINVAL, machine_enable(&self->m, 3));
	EXPECT_EQ(-EINVAL, machine_enable(&self->m, ~0ULL));
	EXPECT_EQ(-EINVAL, enable_raw(&self->m, 1, 0, 1));
	for (i = 1; i < 4; i++)
		EXPECT_EQ(-EINVAL, enable_raw(&self->m, 0, i, 1));
	ASSERT_EQ(0, machine_enable(&self->m, KVM_MEMORY_FAILURE_EXIT_HOLE));
}

TEST_F(capability, twice)
{
	ASSERT_EQ(0, machine_enable(&self->m, KVM_MEMORY_FAILURE_EXIT_HOLE));
	EXPECT_EQ(-EEXIST, machine_enable(&self->m,
					  KVM_MEMORY_FAILURE_EXIT_HOLE));
	ASSERT_EQ(0, machine_add_cpu(&self->m));
	EXPECT_EQ(-EEXIST, machine_enable(&self->m,
					  KVM_MEMORY_FAILURE_EXIT_HOLE));
}

/* Refused once there are CPUs, and the guest works as before. */
TEST_F(capability, with_cpus)
{
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	ASSERT_EQ(0, machine_set_memory(&self->m, &self->hp, MACHINE_GPA,
					SIZE_2M, 0));
	ASSERT_EQ(0, machine_add_cpu(&self->m));
	EXPECT_EQ(-EBUSY, machine_enable(&self->m,
					 KVM_MEMORY_FAILURE_EXIT_HOLE));
	expect_loads(_metadata, &self->m, MACHINE_GPA, 1);
	EXPECT_EQ(-EBUSY, machine_enable(&self->m,
					 KVM_MEMORY_FAILURE_EXIT_HOLE));
	consume_in_guest(_metadata, &self->m, &self->hp, RAW);
	EXPECT_EQ(1, machine_stat(&self->m, "pages_2m"));
	expect_mapped(_metadata, &self->m, MACHINE_GPA + RAW);
}

/*
 * On memory without the policy an error still costs the whole huge page, but
 * each later access is an exit instead of SIGBUS.
 */
TEST_F(capability, without_policy)
{
	struct machine_result r;

	ASSERT_EQ(0, hugepage_create_plain(&self->hp, SIZE_2M));
	ASSERT_EQ(0, machine_enable(&self->m, KVM_MEMORY_FAILURE_EXIT_HOLE));
	ASSERT_EQ(0, machine_set_memory(&self->m, &self->hp, MACHINE_GPA,
					SIZE_2M, 0));
	ASSERT_EQ(0, machine_add_cpu(&self->m));
	expect_loads(_metadata, &self->m, MACHINE_GPA, 512);
	EXPECT_EQ(1, machine_stat(&self->m, "pages_2m"));

	break_line(_metadata, &self->hp, RAW);
	r = machine_load(&self->m, 0, MACHINE_GPA + RAW + LINE, 1);
	ASSERT_EQ(MACHINE_SIGBUS, r.end);
	EXPECT_EQ(21, r.bus.lsb);
	EXPECT_EQ(0, machine_stat(&self->m, "pages_2m"));
	expect_exit(_metadata, machine_load(&self->m, 0, MACHINE_GPA, 1),
		    MACHINE_GPA);
}

/*
 * Rule 18: kernel addresses of guest pages, cached by KVM
 */

#define MSR_KVMCLOCK	0x4b564d01
#define MSR_STEAL_TIME	0x4b564d03
#define XEN_MSR		0x40000000
#define CACHED		RAW	/* the page whose address KVM caches */

/* pvclock_vcpu_time_info, plain and inside Xen's structures */
#define CLOCK		0x100
#define XEN_SHARED	CACHED
#define XEN_PORT	3

FIXTURE(cached)
{
	struct hugepage hp;
	struct machine m;
};

FIXTURE_VARIANT(cached)
{
	size_t line;	/* the one that gets the error, offset in the page */
};

FIXTURE_VARIANT_ADD(cached, same_line) { .line = CLOCK };
FIXTURE_VARIANT_ADD(cached, other_line) { .line = 0xf00 };

FIXTURE_SETUP(cached)
{
	create_guest(_metadata, &self->m, &self->hp, SIZE_2M, 0);
	expect_loads(_metadata, &self->m, MACHINE_GPA, 1);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(cached)
{
	lab_poison_clear();
}

/* Put an error on the kernel's record, by a load of the VMM. */
static void break_cached(struct __test_metadata *_metadata,
			 const struct hugepage *hp, size_t line)
{
	struct sigbus seen;

	ASSERT_EQ(0, lab_poison_add(hp->pa + CACHED + line, 1));
	ASSERT_TRUE(sigbus_on_load(hp->map + CACHED + line, &seen));
	ASSERT_EQ(12, seen.lsb);
}

/* KVM rewrites all of the guest's clocks at its next entry. */
static void update_clocks(struct __test_metadata *_metadata, struct machine *m)
{
	struct kvm_clock_data clock = { .clock = 1000 };

	ASSERT_EQ(0, ioctl(m->vm, KVM_SET_CLOCK, &clock));
	expect_loads(_metadata, m, MACHINE_GPA, 1);
}

static uint32_t word_at(const struct hugepage *hp, size_t offset)
{
	return *(volatile uint32_t *)(hp->map + offset);
}

/* The clock is in a healthy page: it is updated, and the guest runs. */
static void expect_clock(struct __test_metadata *_metadata, struct machine *m,
			 const struct hugepage *hp, size_t offset)
{
	uint32_t version = word_at(hp, offset);

	update_clocks(_metadata, m);
	EXPECT_NE(version, word_at(hp, offset));
}

/* No kernel report, no machine check, and the clock is no longer updated. */
static void expect_inactive(struct __test_metadata *_metadata,
			    struct machine *m, const struct hugepage *hp,
			    size_t offset, bool readable)
{
	uint32_t version = readable ? word_at(hp, offset) : 0;
	int64_t hits = lab_poison_hits();

	update_clocks(_metadata, m);
	update_clocks(_metadata, m);
	if (readable)
		EXPECT_EQ(version, word_at(hp, offset));
	EXPECT_EQ(hits, lab_poison_hits());
}

/* Every Linux guest has such a page.  At the end the guest moves its clock. */
TEST_F(cached, kvmclock)
{
	struct machine *m = &self->m;

	ASSERT_EQ(0, machine_wrmsr(m, 0, MSR_KVMCLOCK,
				   (MACHINE_GPA + CACHED + CLOCK) | 1));
	expect_clock(_metadata, m, &self->hp, CACHED + CLOCK);
	break_cached(_metadata, &self->hp, variant->line);
	expect_inactive(_metadata, m, &self->hp, CACHED + CLOCK,
			variant->line != CLOCK);
	EXPECT_EQ(0, ioctl(m->cpu[0].fd, KVM_KVMCLOCK_CTRL, 0));
	expect_loads(_metadata, m, MACHINE_GPA, 1);

	ASSERT_EQ(0, machine_wrmsr(m, 0, MSR_KVMCLOCK,
				   (MACHINE_GPA + RAW_2 + CLOCK) | 1));
	expect_clock(_metadata, m, &self->hp, RAW_2 + CLOCK);
}

/*
 * KVM loads from these whenever it enters or leaves the guest, which does nothing for
 * it.  A few loads can precede the record of the page.
 */
#define ENTRIES		300	/* three times the budget for ten seconds */
#define FEW		10

static void expect_few_loads(struct __test_metadata *_metadata,
			     struct machine *m, bool tried)
{
	int64_t hits = lab_poison_hits();
	int i;

	for (i = 0; i < ENTRIES; i++)
		expect_loads(_metadata, m, MACHINE_GPA, 1);
	hits = lab_poison_hits() - hits;
	EXPECT_EQ(tried, hits > 0);
	EXPECT_GE(FEW, hits);
}

/* The VMM puts a healthy page in its place, and tells nobody. */
static void replace_cached(struct __test_metadata *_metadata,
			   struct machine *m, const struct hugepage *hp)
{
	ASSERT_EQ(0, fallocate(hp->fd,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			       hp->size));
	expect_loads(_metadata, m, MACHINE_GPA, 1);
}

#define STEAL_VERSION	(CACHED + CLOCK + 8)

TEST_F(cached, steal_time)
{
	struct machine *m = &self->m;

	ASSERT_EQ(0, machine_wrmsr(m, 0, MSR_STEAL_TIME,
				   (MACHINE_GPA + CACHED + CLOCK) | 1));
	expect_loads(_metadata, m, MACHINE_GPA, 1);
	EXPECT_NE(0, word_at(&self->hp, STEAL_VERSION));
	break_cached(_metadata, &self->hp, variant->line);
	expect_few_loads(_metadata, m, variant->line == CLOCK);

	replace_cached(_metadata, m, &self->hp);
	EXPECT_NE(0, word_at(&self->hp, STEAL_VERSION));
}

/* Its first byte is the guest's TPR, which KVM reads at each exit. */
static void expect_tpr(struct __test_metadata *_metadata, struct machine *m)
{
	struct machine_result r;

	expect_loads(_metadata, m, MACHINE_GPA, 1);
	EXPECT_EQ(0, m->cpu[0].run->cr8);
	r = machine_store(m, 0, MACHINE_GPA + CACHED + CLOCK, 1);
	ASSERT_EQ(MACHINE_DONE, r.end);
	EXPECT_EQ(MACHINE_BYTE >> 4, m->cpu[0].run->cr8);
}

FIXTURE(vapic)
{
	struct hugepage hp;
	struct machine m;
};

FIXTURE_SETUP(vapic)
{
	create_guest(_metadata, &self->m, &self->hp, SIZE_2M, APIC);
	expect_loads(_metadata, &self->m, MACHINE_GPA, 1);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(vapic)
{
	lab_poison_clear();
}

/* By kvm_read_guest_cached(), as PV EOI and others. */
TEST_F(vapic, read_at_each_exit)
{
	struct kvm_vapic_addr at = { .vapic_addr = MACHINE_GPA + CACHED + CLOCK };
	struct machine *m = &self->m;

	ASSERT_EQ(0, ioctl(m->cpu[0].fd, KVM_SET_VAPIC_ADDR, &at));
	expect_tpr(_metadata, m);
	break_cached(_metadata, &self->hp, CLOCK);
	expect_few_loads(_metadata, m, true);

	replace_cached(_metadata, m, &self->hp);
	expect_tpr(_metadata, m);
}

static void use_xen(struct __test_metadata *_metadata, struct machine *m)
{
	struct kvm_xen_hvm_config config = { .msr = XEN_MSR };

	ASSERT_EQ(0, ioctl(m->vm, KVM_XEN_HVM_CONFIG, &config));
}

static void set_xen(struct __test_metadata *_metadata, struct machine *m,
		    uint16_t type, uint64_t gpa)
{
	struct kvm_xen_vcpu_attr attr = { .type = type, .u.gpa = gpa };

	ASSERT_EQ(0, ioctl(m->cpu[0].fd, KVM_XEN_VCPU_SET_ATTR, &attr));
}

TEST_F(cached, xen_time)
{
	struct machine *m = &self->m;

	use_xen(_metadata, m);
	set_xen(_metadata, m, KVM_XEN_VCPU_ATTR_TYPE_VCPU_TIME_INFO,
		MACHINE_GPA + CACHED + CLOCK);
	expect_clock(_metadata, m, &self->hp, CACHED + CLOCK);
	break_cached(_metadata, &self->hp, variant->line);
	expect_inactive(_metadata, m, &self->hp, CACHED + CLOCK,
			variant->line != CLOCK);
}

/* struct vcpu_info has a clock at offset 32. */
TEST_F(cached, xen_vcpu_info)
{
	struct machine *m = &self->m;

	use_xen(_metadata, m);
	set_xen(_metadata, m, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		MACHINE_GPA + CACHED + CLOCK);
	expect_clock(_metadata, m, &self->hp, CACHED + CLOCK + 32);
	break_cached(_metadata, &self->hp, variant->line);
	expect_inactive(_metadata, m, &self->hp, CACHED + CLOCK + 32,
			variant->line != CLOCK);
}

/* Written whenever a CPU is scheduled, with interrupts off. */
TEST_F(cached, xen_runstate)
{
	struct machine *m = &self->m;

	use_xen(_metadata, m);
	set_xen(_metadata, m, KVM_XEN_VCPU_ATTR_TYPE_RUNSTATE_ADDR,
		MACHINE_GPA + CACHED + CLOCK);
	expect_loads(_metadata, m, MACHINE_GPA, 1);
	break_cached(_metadata, &self->hp, variant->line);
	expect_inactive(_metadata, m, &self->hp, CACHED + CLOCK,
			variant->line != CLOCK);
}

static int send_event(struct machine *m)
{
	struct kvm_irq_routing_xen_evtchn event = {
		.port = XEN_PORT,
		.priority = KVM_IRQ_ROUTING_XEN_EVTCHN_PRIO_2LEVEL,
	};

	return ioctl(m->vm, KVM_XEN_HVM_EVTCHN_SEND, &event) < 0 ? -errno : 0;
}

static void share_info(struct __test_metadata *_metadata, struct machine *m,
		       const struct hugepage *hp, bool by_address)
{
	struct kvm_xen_hvm_attr attr = {
		.type = KVM_XEN_ATTR_TYPE_SHARED_INFO,
		.u.shared_info.gfn = (MACHINE_GPA + XEN_SHARED) / BASE_PAGE,
	};

	if (by_address) {
		attr.type = KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA;
		attr.u.shared_info.hva = (uintptr_t)hp->map + XEN_SHARED;
	}
	ASSERT_EQ(0, ioctl(m->vm, KVM_XEN_HVM_SET_ATTR, &attr));
}

static void expect_no_events(struct __test_metadata *_metadata,
			     struct machine *m, const struct hugepage *hp,
			     size_t line)
{
	int64_t hits;

	break_cached(_metadata, hp, line);
	hits = lab_poison_hits();
	EXPECT_NE(0, send_event(m));
	EXPECT_EQ(hits, lab_poison_hits());
	expect_loads(_metadata, m, MACHINE_GPA, 1);
}

/* Events need the page; once it is lost, they are refused. */
TEST_F(cached, xen_shared_info)
{
	struct machine *m = &self->m;

	use_xen(_metadata, m);
	set_xen(_metadata, m, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		MACHINE_GPA + RAW_2);
	share_info(_metadata, m, &self->hp, false);
	ASSERT_EQ(0, send_event(m));
	expect_no_events(_metadata, m, &self->hp, variant->line);
}

TEST_F(cached, xen_shared_info_by_address)
{
	struct machine *m = &self->m;

	use_xen(_metadata, m);
	set_xen(_metadata, m, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO,
		MACHINE_GPA + RAW_2);
	share_info(_metadata, m, &self->hp, true);
	ASSERT_EQ(0, send_event(m));
	expect_no_events(_metadata, m, &self->hp, variant->line);
}

TEST_HARNESS_MAIN
