/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that fails: a plugin for an unmodified QEMU 7.2 (x86_64 guest in
 * software emulation on an x86_64 host), which the guest controls (poison.h).
 *
 * THEORY OF OPERATION
 *
 * QEMU translates guest code block by block (a TB each), and can call a
 * plugin's function after each guest load.  Ours looks the loaded line up in
 * the table of poison.  On a hit it fills the machine check bank and leaves
 * the block the way a page fault does, before the load's result has reached
 * a guest register: the machine check is precise, and the instruction can be
 * restarted.
 *
 * Loads are watched only while there may be poison: for a guest that never
 * poisons anything, the cost is one comparison per block, at translation.
 * QEMU keeps the translations for both states, and only has to stop all CPUs
 * to switch from one to the other (see watch.c).
 *
 * WHAT IT RELIES ON BEYOND THE PLUGIN INTERFACE
 *
 * The interface of 7.2 neither shows guest registers nor lets a callback leave
 * the block.  But distributions link QEMU so that a plugin can reach all of
 * its functions; those declared under "QEMU's own" below are used as 7.2 has
 * them.  If one is missing, QEMU refuses the plugin and names it.  Further:
 *
 * - Translated code keeps the guest's CPUX86State in %rbp and calls us
 *   directly, so our return address identifies the place in the block.
 * - CPUX86State begins with the general registers, in the order of x86.  A
 *   doorbell checks that: it must find its own magic number in RAX.
 * - At the start of a block all guest registers are in memory, and the block
 *   can be left as an interrupt leaves it (stale.c).
 * - The flags with which a CPU looks up its blocks are where watch.c expects
 *   them, which it checks.
 * - A helper function that touches guest memory can be left at any access,
 *   because it may fault.  The unwinder finds the block that called it.
 *
 * WHAT IT CANNOT DO
 *
 * Only loads signal: no instruction fetch, page table walk or descriptor load
 * by the CPU, no DMA.  Locked instructions signal, but after the store.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unwind.h>

#include "insn.h"
#include "plugin.h"
#include "poison.h"
#include "watch.h"

#define EXPORT		__attribute__((visibility("default")))
#define PAGE_BYTES	4096ull

/* QEMU's own */
struct guest {			/* the start of CPUX86State */
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
};

enum { EXCP_MCHK = 18, INTERRUPT_MCE = 0x1000 };
enum { INJECT_BROADCAST = 1, INJECT_ALWAYS = 2 };

void qemu_mutex_lock_iothread_impl(const char *file, int line);
void qemu_mutex_unlock_iothread(void);
void async_run_on_cpu(struct CPUState *cpu,
		      void (*work)(struct CPUState *, union work_arg),
		      union work_arg arg);
bool in_code_gen_buffer(const void *p);
void cpu_reset_interrupt(struct CPUState *cpu, int mask);
void cpu_x86_inject_mce(void *monitor, struct CPUState *cpu, int bank,
			uint64_t status, uint64_t mcg_status, uint64_t addr,
			uint64_t misc, int flags);
void raise_exception_ra(struct guest *env, int vector, uintptr_t ra)
	__attribute__((noreturn));
uint64_t cpu_get_phys_page_debug(struct CPUState *cpu, uint64_t va);
bool cpu_physical_memory_is_io(uint64_t pa);
void *cpu_physical_memory_map(uint64_t pa, uint64_t *len, bool write);
void cpu_physical_memory_unmap(void *host, uint64_t len, bool write,
			       uint64_t done);

/*
 * How a CPU reports a poisoned line.  Intel SDM Vol. 3B, "Architecturally
 * Defined UCR Errors"; AMD APM Vol. 2, "Machine Check Architecture".
 */
struct mce {
	int bank;
	uint64_t status;
	uint64_t mcg_status;
	uint64_t misc;
};

/*
 * Data load, SRAR, on this CPU alone: RIPV EIPV MCIP LMCES.  Not in bank 1:
 * QEMU's broadcast of a scrub leaves a status there on all other CPUs, and the
 * next error would be an overflow, which Linux does not survive.
 */
static const struct mce intel_load = { 2, 0xbd80000000000134, 0xf, 0x86 };
/* Data load, no longer deferred: poison, but not TCC; RIPV EIPV MCIP */
static const struct mce amd_load = { 0, 0xbd00080000000134, 0x7, 0x86 };
/* Patrol scrub, SRAO: RIPV MCIP */
static const struct mce intel_scrub = { 9, 0xbd000000000000c0, 0x5, 0x8c };

static bool is_amd;
static atomic_llong hits, missed;

/*
 * The table of poison.  Loads are looked up by host address, which the plugin
 * interface always has for a load; requests name the guest physical address.
 * Pages are never removed, even with no line set, so readers need no lock.
 */
#define BUCKETS		(1u << 18)

struct poisoned_page {
	struct poisoned_page *next;
	uintptr_t host;
	uint64_t pa;
	_Atomic uint64_t lines;		/* bit n: the n-th line is poisoned */
	_Atomic uint64_t met;		/* bit n: loaded since it was added */
};

static struct poisoned_page *_Atomic buckets[BUCKETS];

/*
 * Bit n: the n-th line of some page may be poisoned.  The virtual address
 * gives n as well, so for nearly all loads this check is enough.
 */
static _Atomic uint64_t poisoned_places;

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;	/* writers */

static struct poisoned_page *_Atomic *bucket_of(uintptr_t host)
{
	return &buckets[host / PAGE_BYTES % BUCKETS];
}

static struct poisoned_page *find_page(uintptr_t host)
{
	struct poisoned_page *page;

	page = atomic_load_explicit(bucket_of(host), memory_order_acquire);
	while (page && page->host != host)
		page = page->next;
	return page;
}

static struct poisoned_page *add_page(uintptr_t host, uint64_t pa)
{
	struct poisoned_page *_Atomic *bucket = bucket_of(host);
	struct poisoned_page *page = calloc(1, sizeof(*page));

	if (!page)
		return NULL;
	page->host = host;
	page->pa = pa;
	page->next = *bucket;
	atomic_store_explicit(bucket, page, memory_order_release);
	return page;
}

/* Bit n: [@offset, @offset + @bytes) of a page touches its n-th line. */
static uint64_t lines_of(uint64_t offset, uint64_t bytes)
{
	unsigned int first = offset / LAB_POISON_LINE_BYTES;
	unsigned int last = (offset + bytes - 1) / LAB_POISON_LINE_BYTES;

	return (~0ull << first) & (~0ull >> (63 - last));
}

/* Host address of the guest page at @pa, or 0 if there is no RAM. */
static uintptr_t host_page(uint64_t pa)
{
	uint64_t len = PAGE_BYTES;
	void *host;

	/* Mapping a device would read from it. */
	if (cpu_physical_memory_is_io(pa))
		return 0;
	host = cpu_physical_memory_map(pa, &len, false);
	if (host)
		cpu_physical_memory_unmap(host, len, false, 0);
	return len == PAGE_BYTES ? (uintptr_t)host : 0;
}

static int poison_lines(uint64_t pa, uint64_t lines)
{
	uintptr_t host = host_page(pa);
	struct poisoned_page *page = find_page(host);

	if (!page)
		page = add_page(host, pa);
	if (!page)
		return -ENOMEM;
	atomic_fetch_and(&page->met, ~lines);
	atomic_fetch_or(&page->lines, lines);
	atomic_fetch_or(&poisoned_places, lines);
	return 0;
}

static int heal_lines(uint64_t pa, uint64_t lines)
{
	struct poisoned_page *page = find_page(host_page(pa));

	if (page)
		atomic_fetch_and(&page->lines, ~lines);
	return 0;
}

/* Record that the line at @pa has raised a machine check, for was_met(). */
static void note_met(uint64_t pa)
{
	uint64_t offset = pa % PAGE_BYTES;
	struct poisoned_page *page = find_page(host_page(pa - offset));

	if (page)
		atomic_fetch_or(&page->met, lines_of(offset, 1));
}

static int64_t was_met(uint64_t pa)
{
	uint64_t offset = pa % PAGE_BYTES;
	uintptr_t host = host_page(pa - offset);
	struct poisoned_page *page = find_page(host);

	if (!host)
		return -EFAULT;
	return page && atomic_load(&page->met) & lines_of(offset, 1);
}

static int check_ram(uint64_t pa, uint64_t lines)
{
	(void)lines;
	return host_page(pa) ? 0 : -EFAULT;
}

/* Call @act for each page of [@pa, @pa + @len) until one fails. */
static int on_each_page(uint64_t pa, uint64_t len,
			int (*act)(uint64_t page_pa, uint64_t lines))
{
	uint64_t end = pa + len;

	while (pa < end) {
		uint64_t offset = pa % PAGE_BYTES;
		uint64_t bytes = PAGE_BYTES - offset;
		int err;

		if (bytes > end - pa)
			bytes = end - pa;
		err = act(pa - offset, lines_of(offset, bytes));
		if (err)
			return err;
		pa += bytes;
	}
	return 0;
}

static int change_poison(uint64_t pa, uint64_t len,
			 int (*act)(uint64_t page_pa, uint64_t lines))
{
	int err;

	if (!len || pa + len < pa)
		return -EINVAL;
	err = on_each_page(pa, len, check_ram);
	if (err)
		return err;
	pthread_mutex_lock(&table_lock);
	err = on_each_page(pa, len, act);
	pthread_mutex_unlock(&table_lock);
	return err;
}

static void heal_all(void)
{
	struct poisoned_page *page;
	size_t i;

	for (i = 0; i < BUCKETS; i++)
		for (page = buckets[i]; page; page = page->next)
			atomic_store(&page->lines, 0);
	poisoned_places = 0;
}

/* Runs on CPU 0 with QEMU's big lock held, outside translated code. */
static void report_scrub(struct CPUState *cpu, union work_arg pa)
{
	cpu_x86_inject_mce(NULL, cpu, intel_scrub.bank, intel_scrub.status,
			   intel_scrub.mcg_status, pa.addr, intel_scrub.misc,
			   INJECT_BROADCAST);
}

/*
 * A broadcast waits for the other CPUs.  Only CPU 0 ever broadcasts, otherwise
 * two CPUs could wait for each other.
 */
static int scrub(uint64_t pa)
{
	union work_arg line = { .addr = pa & -(uint64_t)LAB_POISON_LINE_BYTES };

	if (is_amd)
		return -EOPNOTSUPP;
	if (!host_page(pa & -PAGE_BYTES))
		return -EFAULT;
	async_run_on_cpu(qemu_get_cpu(0), report_scrub, line);
	return 0;
}

static int64_t physical_address(struct CPUState *cpu, uint64_t va)
{
	uint64_t pa = cpu_get_phys_page_debug(cpu, va & -PAGE_BYTES);

	return pa == ~0ull ? -EFAULT : (int64_t)(pa + va % PAGE_BYTES);
}

static int64_t answer(unsigned int vcpu, uint64_t request, uint64_t arg,
		      uint64_t len)
{
	struct CPUState *cpu = qemu_get_cpu(vcpu);

	switch (request - LAB_REQUEST_BASE) {
	case LAB_PRESENT:
		return 1;
	case LAB_PA:
		return physical_address(cpu, arg);
	case LAB_POISON_ADD:
		watch(cpu, WATCH_LOADS, true);
		return change_poison(arg, len, poison_lines);
	case LAB_POISON_DEL:
		return change_poison(arg, len, heal_lines);
	case LAB_POISON_CLEAR:
		heal_all();
		watch(cpu, WATCH_LOADS, false);
		return 0;
	case LAB_POISON_HITS:
		return hits;
	case LAB_POISON_MISSED:
		return missed;
	case LAB_POISON_MET:
		return was_met(arg);
	case LAB_STALE_MET:
		return stale_met();
	case LAB_SCRUB_REPORT:
		return scrub(arg);
	case LAB_COUNT_START:
		return count_start(cpu);
	case LAB_COUNT:
		return count();
	case LAB_COUNT_CPU:
		return count_cpu(vcpu);
	case LAB_COUNT_STOP:
		return count_stop(cpu);
	default:
		return -EINVAL;
	}
}

/* False: not a request of ours, or CPUX86State is not as we expect it. */
static bool is_request(const struct guest *env)
{
	return env->rax >> 32 == LAB_REQUEST_BASE >> 32;
}

__attribute__((used))
static void doorbell_rung(unsigned int vcpu, void *data, struct guest *env)
{
	(void)data;
	if (!is_request(env) || vcpu >= MAX_VCPUS)
		return;
	env->rax = answer(vcpu, env->rax, env->rdi, env->rsi);
}

/*
 * QEMU 7.2 has no SUCCOR and OVERFLOW_RECOV, without which Linux panics on any
 * uncorrected error of an AMD CPU: add them to CPUID's result.  Before CPUID
 * the leaf is in memory, because CPUID's helper reads it there; after CPUID so
 * are the results.
 */
#define LEAF_RAS		0x80000007u
#define RAS_OVERFLOW_RECOV	1u
#define RAS_SUCCOR		2u

static uint32_t cpuid_leaf[MAX_VCPUS];

__attribute__((used))
static void before_cpuid(unsigned int vcpu, void *data, struct guest *env)
{
	(void)data;
	if (vcpu < MAX_VCPUS)
		cpuid_leaf[vcpu] = env->rax;
}

__attribute__((used))
static void after_cpuid(unsigned int vcpu, void *data, struct guest *env)
{
	(void)data;
	if (vcpu < MAX_VCPUS && cpuid_leaf[vcpu] == LEAF_RAS)
		env->rbx |= RAS_OVERFLOW_RECOV | RAS_SUCCOR;
}

static void raise_mce(unsigned int vcpu, struct guest *env, uintptr_t ra,
		      uint64_t pa)
{
	const struct mce *mce = is_amd ? &amd_load : &intel_load;
	struct CPUState *cpu = qemu_get_cpu(vcpu);

	atomic_fetch_add(&hits, 1);
	note_met(pa);
	qemu_mutex_lock_iothread_impl(__FILE__, __LINE__);
	cpu_x86_inject_mce(NULL, cpu, mce->bank, mce->status, mce->mcg_status,
			   pa, mce->misc, INJECT_ALWAYS);
	/* Cancel the later machine check that this requested; raise it now. */
	cpu_reset_interrupt(cpu, INTERRUPT_MCE);
	qemu_mutex_unlock_iothread();
	raise_exception_ra(env, EXCP_MCHK, ra);
}

/* The return address of translated code's call that led here, and its guest. */
struct call {
	struct guest *env;
	uintptr_t ra;
};

static _Unwind_Reason_Code stop_in_block(struct _Unwind_Context *frame,
					 void *call)
{
	enum { DWARF_RBP = 6 };
	uintptr_t ip = _Unwind_GetIP(frame);

	if (!in_code_gen_buffer((void *)ip))
		return _URC_NO_REASON;
	*(struct call *)call = (struct call){
		(struct guest *)_Unwind_GetGR(frame, DWARF_RBP), ip
	};
	return _URC_END_OF_STACK;
}

/* Physical address of the first poisoned line of a load within one page. */
static bool poisoned_line(uintptr_t host, uint64_t bytes, uint64_t *pa)
{
	uint64_t offset = host % PAGE_BYTES, lines;
	struct poisoned_page *page = find_page(host - offset);

	if (!page)
		return false;
	lines = atomic_load(&page->lines) & lines_of(offset, bytes);
	if (!lines)
		return false;
	*pa = page->pa + __builtin_ctzll(lines) * LAB_POISON_LINE_BYTES;
	return true;
}

/* The same for any load; it may cross into the next page. */
static bool poisoned_load(uint32_t info, uint64_t va, uint64_t *pa)
{
	uint64_t left = 1ull << qemu_plugin_mem_size_shift(info);

	while (left) {
		struct qemu_plugin_hwaddr *at = qemu_plugin_get_hwaddr(info, va);
		uint64_t bytes = PAGE_BYTES - va % PAGE_BYTES;

		if (bytes > left)
			bytes = left;
		if (at && !at->is_io &&
		    poisoned_line((uintptr_t)at->host, bytes, pa))
			return true;
		va += bytes;
		left -= bytes;
	}
	return false;
}

/* @call is valid if translated code called us, but not if a helper did. */
static __attribute__((noinline))
void check_load(unsigned int vcpu, uint32_t info, uint64_t va, struct call call)
{
	uint64_t pa;

	if (!poisoned_load(info, va, &pa))
		return;
	if (!in_code_gen_buffer((void *)call.ra)) {
		call = (struct call){ 0 };
		_Unwind_Backtrace(stop_in_block, &call);
	}
	if (call.ra)
		raise_mce(vcpu, call.env, call.ra, pa);
	atomic_fetch_add(&missed, 1);
}

/* A load is at most as long as a line, so it touches at most two lines. */
static bool is_suspect(uint64_t va)
{
	unsigned int first = va / LAB_POISON_LINE_BYTES % 64;

	return poisoned_places & (1ull << first | 1ull << (first + 1) % 64);
}

/*
 * Called for each load of the guest, and some stores, while loads are watched,
 * so it has to be quick.  A locked instruction is a load and a store.
 */
__attribute__((used))
static void loaded(unsigned int vcpu, uint32_t info, uint64_t va, void *data,
		   struct guest *env, uintptr_t ra)
{
	(void)data;
	if ((info >> 16 & MEM_ANY) != MEM_STORE && is_suspect(va))
		check_load(vcpu, info, va, (struct call){ env, ra });
}

/*
 * Entry points for translated code: pass its registers to the functions above,
 * in the argument registers after those that QEMU uses for each callback.
 */
#define ENTRY(name, target, env_reg, ra_reg)				\
	void name(void);						\
	__asm__(".text\n.type " #name ", @function\n" #name ":\n\t"	\
		"mov %rbp, %" #env_reg "\n\t"				\
		"mov (%rsp), %" #ra_reg "\n\t"				\
		"jmp " #target "\n")

ENTRY(entry_doorbell, doorbell_rung, rdx, rcx);
ENTRY(entry_before_cpuid, before_cpuid, rdx, rcx);
ENTRY(entry_after_cpuid, after_cpuid, rdx, rcx);
ENTRY(entry_loaded, loaded, r8, r9);

static bool insn_is(const struct qemu_plugin_insn *insn, const uint8_t *bytes,
		    size_t len)
{
	return qemu_plugin_insn_size(insn) == len &&
	       !memcmp(qemu_plugin_insn_data(insn), bytes, len);
}

static void watch_doorbell(const struct qemu_plugin_tb *tb)
{
	static const uint8_t doorbell[] = { LAB_DOORBELL_BYTES };
	struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(tb, 0);

	if (insn_is(first, doorbell, sizeof(doorbell)))
		qemu_plugin_register_vcpu_insn_exec_cb(first, entry_doorbell,
						       CB_RW_REGS, NULL);
}

/* A CPUID that ends its block is not handled; Linux has none. */
static void watch_cpuid(const struct qemu_plugin_tb *tb, size_t n)
{
	static const uint8_t cpuid[] = { 0x0f, 0xa2 };
	size_t i;

	for (i = 0; i + 1 < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (!insn_is(insn, cpuid, sizeof(cpuid)))
			continue;
		qemu_plugin_register_vcpu_insn_exec_cb(insn,
			entry_before_cpuid, CB_RW_REGS, NULL);
		qemu_plugin_register_vcpu_insn_exec_cb(
			qemu_plugin_tb_get_insn(tb, i + 1),
			entry_after_cpuid, CB_RW_REGS, NULL);
	}
}

/*
 * A guest CPU that spins waits for another one, whose thread may be waiting
 * for the host CPU that this thread occupies.
 */
static void give_way(void)
{
	sched_yield();
}

static void watch_pause(struct qemu_plugin_insn *insn)
{
	static const uint8_t pause[] = { 0xf3, 0x90 };

	if (insn_is(insn, pause, sizeof(pause)))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, give_way,
						       CB_NO_REGS, NULL);
}

/*
 * QEMU 7.2 confuses the kinds of access requested here, so request stores too,
 * and leave out instructions that only store.
 */
static void watch_loads(struct qemu_plugin_insn *insn)
{
	if (!insn_never_loads(insn))
		qemu_plugin_register_vcpu_mem_cb(insn, entry_loaded, CB_RW_REGS,
						 MEM_ANY, NULL);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	watch_doorbell(tb);
	for (i = 0; i < n; i++)
		watch_pause(qemu_plugin_tb_get_insn(tb, i));
	watch_int3(tb, n);
	count_block(tb, n);
	if (is_amd)
		watch_cpuid(tb, n);
	if (!watched(WATCH_LOADS))
		return;
	for (i = 0; i < n; i++)
		watch_loads(qemu_plugin_tb_get_insn(tb, i));
}

/* lab/vm reads this line. */
static void power_off(uint64_t id, void *data)
{
	(void)id;
	(void)data;
	fprintf(stderr, "poison: hits=%lld missed=%lld\n", hits, missed);
}

EXPORT int qemu_plugin_version = 1;

EXPORT int qemu_plugin_install(uint64_t id, const void *info, int argc,
			       char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "cpu=amd")) {
			is_amd = true;
		} else if (strcmp(argv[i], "cpu=intel")) {
			fprintf(stderr, "poison: argument %s is not known: "
				"cpu=intel or cpu=amd\n", argv[i]);
			return -1;
		}
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_flush_cb(id, forget_callbacks);
	qemu_plugin_register_atexit_cb(id, power_off, NULL);
	return 0;
}
