// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the promises of lab/poison.h and lab/count.h in the guest.  Output:
 *
 *	ok - RULE		not ok - RULE: WHY
 *
 * The argument is the CPU's vendor, "intel" or "amd", as given to lab/vm, or
 * "away" outside the lab.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "../../lab/count.h"
#include "../../lab/poison.h"

#define PAGE_BYTES	4096
#define LINE_BYTES	LAB_POISON_LINE_BYTES

static bool is_amd;
static char why[200];		/* how the current rule was broken, or "" */

static sigjmp_buf after_sigbus;
static siginfo_t sigbus;
static ucontext_t sigbus_context;

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	sigbus = *info;
	sigbus_context = *(ucontext_t *)context;
	siglongjmp(after_sigbus, 1);
}

static void catch_sigbus(void)
{
	struct sigaction sa = {
		.sa_sigaction = on_sigbus,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &sa, NULL);
}

/* Note the first thing that went wrong under the current rule. */
static bool __attribute__((format(printf, 2, 3)))
expect(bool holds, const char *fmt, ...)
{
	va_list ap;

	if (holds || *why)
		return holds;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return false;
}

static char *touched(size_t bytes)
{
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED) {
		perror("cannot map memory");
		exit(1);
	}
	memset(p, 0x5a, bytes);
	return p;
}

/* True if @load of @p ended in SIGBUS. */
static bool breaks(void (*load)(char *p), char *p)
{
	if (sigsetjmp(after_sigbus, 1))
		return true;
	load(p);
	return false;
}

static void load_byte(char *p)
{
	(void)*(volatile char *)p;
}

static bool poison(char *p)
{
	int err = lab_poison_add(lab_pa(p), 1);

	return expect(!err, "poison at %p: %s", p, strerror(-err));
}

static void heal(uint64_t pa)
{
	int err = lab_poison_del(pa, 1);

	expect(!err, "delete poison at 0x%lx: %s", pa, strerror(-err));
}

static void is_there(void)
{
	expect(lab_present() == 1, "lab_present() says %d", lab_present());
}

/* True if all requests fail with -ENODEV, and nothing breaks. */
static bool nothing_there(void)
{
	char *p = touched(PAGE_BYTES);

	return !lab_present() && lab_pa(p) == -ENODEV &&
	       lab_poison_add(0, 1) == -ENODEV &&
	       lab_poison_del(0, 1) == -ENODEV &&
	       lab_poison_clear() == -ENODEV &&
	       lab_poison_hits() == -ENODEV &&
	       lab_poison_missed() == -ENODEV &&
	       lab_scrub_report(0) == -ENODEV &&
	       lab_count_start() == -ENODEV && lab_count() == -ENODEV &&
	       lab_count_cpu() == -ENODEV &&
	       lab_count_stop() == -ENODEV && !breaks(load_byte, p);
}

/* The physical address of @p according to the kernel. */
static uint64_t pagemap_pa(const char *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (pread(fd, &entry, 8, (uintptr_t)p / PAGE_BYTES * 8) != 8)
		entry = 0;
	close(fd);
	return (entry & ((1ull << 55) - 1)) * PAGE_BYTES +
	       (uintptr_t)p % PAGE_BYTES;
}

static void addresses(void)
{
	char *p = touched(PAGE_BYTES);
	char *none = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect((uint64_t)lab_pa(p + 5) == pagemap_pa(p + 5),
	       "lab_pa says 0x%lx, pagemap 0x%lx", lab_pa(p + 5),
	       pagemap_pa(p + 5));
	expect(lab_pa(none) == -EFAULT, "an untouched page has an address");
}

static void errors(void)
{
	const uint64_t local_apic = 0xfee00000;

	expect(lab_poison_add(0, 0) == -EINVAL, "empty range added");
	expect(lab_poison_add(-64ull, 128) == -EINVAL, "wrapping range added");
	expect(lab_poison_add(local_apic, 1) == -EFAULT, "a device poisoned");
	expect(lab_poison_del(local_apic, 1) == -EFAULT, "a device healed");
	expect(lab_request(99, 0, 0) == -EINVAL, "an unknown request served");
}

static void action_required(void)
{
	char *p = touched(PAGE_BYTES);
	uint64_t pa = lab_pa(p);
	int64_t hits = lab_poison_hits();

	if (!poison(p + 3 * LINE_BYTES))
		return;
	expect(!lab_poison_met(pa + 3 * LINE_BYTES), "met before any load");
	expect(breaks(load_byte, p + 3 * LINE_BYTES + 7), "no SIGBUS");
	expect(lab_poison_met(pa + 3 * LINE_BYTES) == 1, "not met");
	expect(!lab_poison_met(pa + 4 * LINE_BYTES), "the next line met");
	expect(sigbus.si_code == BUS_MCEERR_AR, "si_code %d", sigbus.si_code);
	expect((char *)sigbus.si_addr - p >= 0 &&
	       (char *)sigbus.si_addr - p < PAGE_BYTES,
	       "si_addr %p for %p", sigbus.si_addr, p);
	expect(sigbus.si_addr_lsb == 12, "granule %d", sigbus.si_addr_lsb);
	expect(lab_poison_hits() == hits + 1, "%ld machine checks",
	       lab_poison_hits() - hits);
	heal(pa + 3 * LINE_BYTES);
}

static void neighbours(void)
{
	char *p = touched(PAGE_BYTES);
	uint64_t pa = lab_pa(p + LINE_BYTES);

	if (!poison(p + LINE_BYTES + 13))
		return;
	expect(!breaks(load_byte, p + LINE_BYTES - 1), "the byte before died");
	expect(!breaks(load_byte, p + 2 * LINE_BYTES), "the byte behind died");
	heal(pa);
}

static void stores(void)
{
	char *p = touched(PAGE_BYTES);
	uint64_t pa = lab_pa(p);

	if (!poison(p))
		return;
	memset(p, 1, LINE_BYTES);
	expect(breaks(load_byte, p), "a store repaired the line");
	heal(pa);
}

static void deletion(void)
{
	char *p = touched(PAGE_BYTES);
	uint64_t pa = lab_pa(p);
	int64_t hits = lab_poison_hits();

	if (!poison(p))
		return;
	heal(pa);
	expect(!breaks(load_byte, p), "SIGBUS");
	expect(lab_poison_hits() == hits, "a machine check");
}

static void clearing(void)
{
	char *p = touched(2 * PAGE_BYTES);

	poison(p);
	poison(p + PAGE_BYTES);
	expect(!lab_poison_clear(), "it failed");
	expect(!breaks(load_byte, p), "the first page still broken");
	expect(!breaks(load_byte, p + PAGE_BYTES), "the second one as well");
	poison(p);
	expect(breaks(load_byte, p), "nothing can be poisoned after it");
	lab_poison_clear();
}

/*
 * Linux takes most pages away after one error.  It cannot take away the buffer
 * of a performance counter: it is the kernel's memory, only mapped for us.
 */
static char *stubborn_page(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};
	int fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	char *p = mmap(NULL, 2 * PAGE_BYTES, PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p + PAGE_BYTES;
}

static void persistence(void)
{
	char *p = stubborn_page();
	int64_t hits = lab_poison_hits();
	uint64_t pa;
	int i;

	if (!expect(p, "no performance counter buffer"))
		return;
	load_byte(p);
	pa = lab_pa(p);
	if (!poison(p))
		return;
	for (i = 1; i <= 3; i++) {
		expect(breaks(load_byte, p), "no SIGBUS at load %d", i);
		expect(lab_poison_hits() == hits + i, "%ld checks, %d loads",
		       lab_poison_hits() - hits, i);
	}
	heal(pa);
	expect(!breaks(load_byte, p), "SIGBUS after the deletion");
}

static void load_into_rax(char *p)
{
	__asm__ volatile("mov $0x1234, %%eax\n\tmov (%0), %%rax"
			 : : "r" (p) : "rax");
}

static void precision(void)
{
	char *p = touched(PAGE_BYTES);
	uint64_t pa = lab_pa(p);
	const uint8_t *rip;

	if (!poison(p))
		return;
	if (!expect(breaks(load_into_rax, p), "no SIGBUS"))
		return;
	rip = (uint8_t *)sigbus_context.uc_mcontext.gregs[REG_RIP];
	expect(sigbus_context.uc_mcontext.gregs[REG_RAX] == 0x1234,
	       "RAX is 0x%llx", sigbus_context.uc_mcontext.gregs[REG_RAX]);
	expect(rip[0] == 0x48 && rip[1] == 0x8b,
	       "RIP is at another instruction: %02x %02x", rip[0], rip[1]);
	heal(pa);
}

static void load_locked(char *p)
{
	__asm__ volatile("lock incq (%0)" : : "r" (p) : "memory");
}

static void load_16_bytes(char *p)
{
	__asm__ volatile("lock cmpxchg16b (%0)"
			 : : "r" (p), "a" (0), "b" (0), "c" (0), "d" (0)
			 : "memory");
}

static void load_fpu_state(char *p)
{
	__asm__ volatile("fxrstor64 (%0)" : : "r" (p) : "memory");
}

static void load_string(char *p)
{
	char to[LINE_BYTES], *d = to;
	size_t n = sizeof(to);

	__asm__ volatile("rep movsb"
			 : "+S" (p), "+D" (d), "+c" (n) : : "memory");
}

static void load_vector(char *p)
{
	__asm__ volatile("movdqu (%0), %%xmm0" : : "r" (p) : "xmm0");
}

/* A wide load that begins in the line before. */
static void load_across(char *p)
{
	(void)*(volatile uint64_t *)(p - 4);
}

static void loads_of_all_kinds(void)
{
	static const struct {
		const char *name;
		void (*load)(char *p);
	} kinds[] = {
		{ "lock inc", load_locked },
		{ "lock cmpxchg16b", load_16_bytes },
		{ "fxrstor", load_fpu_state },
		{ "rep movsb", load_string },
		{ "movdqu", load_vector },
		{ "a load across lines", load_across },
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char *p = touched(PAGE_BYTES) + 512;
		uint64_t pa = lab_pa(p);

		if (!poison(p))
			return;
		expect(breaks(kinds[i].load, p), "%s: none", kinds[i].name);
		heal(pa);
	}
}

static void across_pages(void)
{
	char *p = touched(2 * PAGE_BYTES) + PAGE_BYTES;
	uint64_t pa = lab_pa(p);

	if (!poison(p))
		return;
	expect(breaks(load_across, p), "no SIGBUS");
	heal(pa);
}

static bool run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* Returns how many of 50 loads of poison on @cpu went wrong. */
static int reader(int cpu)
{
	int i, wrong = 0;

	if (!run_on(cpu))
		return 50;
	for (i = 0; i < 50; i++) {
		char *p = touched(PAGE_BYTES);
		uint64_t pa = lab_pa(p);

		poison(p);
		wrong += !breaks(load_byte, p) ||
			 sigbus.si_code != BUS_MCEERR_AR;
		heal(pa);
	}
	return wrong + !!*why;
}

static void all_cpus(void)
{
	int cpu, status, cpus = sysconf(_SC_NPROCESSORS_ONLN);

	/* --cpu amd has one CPU. */
	expect(cpus > 1 || is_amd, "there is one CPU only");
	for (cpu = 0; cpu < cpus; cpu++)
		if (!fork())
			_exit(reader(cpu));
	for (cpu = 0; cpu < cpus; cpu++) {
		wait(&status);
		expect(!status, "a CPU's reader ended with status 0x%x: "
		       "that many of its loads went wrong", status);
	}
}

static void all_nodes(void)
{
	unsigned long node;

	for (node = 0; node < 2; node++) {
		unsigned long mask = 1ul << node;
		char *p;
		uint64_t pa;

		if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, 64)) {
			expect(false, "no NUMA node %lu: --nodes 2", node);
			break;
		}
		p = touched(PAGE_BYTES);
		pa = lab_pa(p);
		expect(pa == pagemap_pa(p), "node %lu: lab_pa says 0x%lx", node,
		       pa);
		poison(p);
		expect(breaks(load_byte, p) &&
		       sigbus.si_code == BUS_MCEERR_AR, "node %lu", node);
		heal(pa);
	}
	syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Load one byte per line, but not from those at multiples of @stride. */
static void load_healthy(char *p, size_t bytes, size_t stride)
{
	size_t at;

	for (at = 0; at < bytes; at += LINE_BYTES)
		if (!stride || at % stride)
			load_byte(p + at);
}

static void many_lines(void)
{
	const size_t bytes = 1ull << 30, stride = 16384;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	double start, unarmed, added, armed;
	int64_t hits = lab_poison_hits();
	size_t at;

	/* To split a huge page, Linux would read all of it, poison included. */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	memset(p, 0x5a, bytes);
	start = seconds();
	load_healthy(p, bytes, stride);
	unarmed = seconds() - start;
	for (at = 0; at < bytes; at += stride)
		poison(p + at);
	added = seconds() - start - unarmed;
	load_healthy(p, bytes, stride);
	armed = seconds() - start - unarmed - added;
	expect(lab_poison_hits() == hits, "healthy lines broke");
	for (at = 0; at < bytes; at += bytes / 8)
		expect(breaks(load_byte, p + at), "no SIGBUS at %zu", at);
	lab_poison_clear();
	munmap(p, bytes);
	printf("# 65536 lines added in %.2f s; a load of each line of 1 GiB: "
	       "%.2f s before, %.2f s after\n", added, unarmed, armed);
}

/* Dies, or stores in @code the si_code that it gets within two seconds. */
static void scrub_victim(int *code, char *p)
{
	struct timespec limit = { .tv_sec = 2 };
	siginfo_t info = { };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGBUS);
	sigprocmask(SIG_BLOCK, &set, NULL);
	prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	if (lab_scrub_report(lab_pa(p)))
		return;
	if (sigtimedwait(&set, &info, &limit) == SIGBUS &&
	    (uintptr_t)info.si_addr / PAGE_BYTES == (uintptr_t)p / PAGE_BYTES)
		*code = info.si_code;
}

static void scrubber(void)
{
	int *code = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (is_amd) {
		expect(lab_scrub_report(lab_pa(touched(1))) == -EOPNOTSUPP,
		       "AMD takes it");
		return;
	}
	if (!fork()) {
		scrub_victim(code, touched(PAGE_BYTES));
		_exit(0);
	}
	wait(&status);
	expect(!status, "the process died: 0x%x", status);
	expect(*code == BUS_MCEERR_AO, "si_code %d", *code);
}

/* 2 * @n instructions, plus the call. */
static void loop(long n)
{
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r" (n));
}

/* Three instructions, one of which repeats @n times. */
static void repeat(long n)
{
	static char to[PAGE_BYTES];
	char *d = to;

	__asm__ volatile("rep stosb" : "+D" (d), "+c" (n) : "a" (0) : "memory");
}

static void trap(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

/*
 * The instructions that @code takes on CPU 0: the least of many runs, as no
 * timer ticked during that one.
 */
static int64_t cost(void (*code)(long n), long n)
{
	int64_t least = INT64_MAX, before, spent;
	int i;

	run_on(0);
	for (i = 0; i < 100; i++) {
		before = lab_count_cpu();
		code(n);
		spent = lab_count_cpu() - before;
		if (spent < least)
			least = spent;
	}
	return least;
}

/* A bound for the calls of lab_count() and of the function measured. */
#define CALLS_MAX	32

static void expect_exact_count(void)
{
	int64_t none = cost(loop, 1);
	int64_t some = cost(loop, 1 + 1000), more = cost(loop, 1 + 3456);

	expect(none > 0 && none < CALLS_MAX, "one turn of the loop is %ld", none);
	expect(some - none == 2 * 1000, "1000 turns are %ld", some - none);
	expect(more - none == 2 * 3456, "3456 turns are %ld", more - none);
}

static double seconds_to_sum(const char *p, size_t bytes)
{
	double start = seconds();
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < bytes; i++)
		sum = sum * 31 + p[i];
	__asm__ volatile("" : : "r" (sum));
	return seconds() - start;
}

static void tell_speed(void)
{
	const size_t bytes = 64ul << 20;
	char *p = touched(bytes);
	double before, during;

	before = seconds_to_sum(p, bytes);
	lab_count_start();
	during = seconds_to_sum(p, bytes);
	lab_count_stop();
	printf("# a loop over 64 MiB: %.2f s, %.2f s while counting\n", before,
	       during);
}

static void counting(void)
{
	expect(lab_count() == -ENODATA && lab_count_cpu() == -ENODATA,
	       "before the start it is %ld", lab_count());
	expect(!lab_count_start(), "it does not start");
	expect_exact_count();
	expect(!lab_count_start(), "it does not start twice");
	expect_exact_count();
	expect(!lab_count_stop(), "it does not stop");
	expect(lab_count() == -ENODATA, "after the stop it is %ld",
	       lab_count());
	tell_speed();
}

static void counting_with_poison(void)
{
	char *p = touched(PAGE_BYTES);
	uint64_t pa = lab_pa(p);

	lab_count_start();
	if (!poison(p))
		return;
	expect_exact_count();
	expect(breaks(load_byte, p), "no SIGBUS while counting");
	heal(pa);
	lab_poison_clear();
	expect_exact_count();
	lab_count_stop();
}

static void counting_repetitions(void)
{
	lab_count_start();
	expect(cost(repeat, PAGE_BYTES) == cost(repeat, 2),
	       "4096 bytes are %ld, 2 are %ld", cost(repeat, PAGE_BYTES),
	       cost(repeat, 2));
	expect(cost(repeat, PAGE_BYTES) < CALLS_MAX, "4096 bytes are %ld",
	       cost(repeat, PAGE_BYTES));
	lab_count_stop();
}

/* The same work takes the same number of instructions if nothing interferes. */
static void counting_the_kernel(void)
{
	int64_t one, ten;

	lab_count_start();
	one = cost(trap, 1);
	ten = cost(trap, 10);
	expect(one > 50, "a system call is %ld", one);
	expect(ten > 9 * one && ten < 10 * one, "one is %ld, ten are %ld", one,
	       ten);
	lab_count_stop();
}

static void counting_all_cpus(void)
{
	const int last = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	const long turns = 100 * 1000 * 1000;
	int64_t before, spent;
	int status;

	lab_count_start();
	run_on(0);
	before = lab_count();
	if (!fork()) {
		if (!run_on(last))
			_exit(1);
		loop(turns);
		_exit(0);
	}
	wait(&status);
	spent = lab_count() - before;
	expect(!status, "the child on CPU %d ended with 0x%x", last, status);
	/* It takes long enough for timer ticks to add some. */
	expect(spent >= 2 * turns && spent < 3 * turns,
	       "%ld instructions on CPU %d are %ld", 2 * turns, last, spent);
	lab_count_stop();
}

static void nothing_missed(void)
{
	expect(!lab_poison_missed(), "%ld loads", lab_poison_missed());
}

static const struct {
	const char *rule;
	void (*test)(void);
} tests[] = {
	{ "a guest program reaches the lab", is_there },
	{ "physical addresses are the kernel's", addresses },
	{ "a wrong request is refused and harmless", errors },
	{ "a load of poison is SIGBUS AR with its page and granule",
	  action_required },
	{ "the lines beside poison are healthy", neighbours },
	{ "a store to poison neither signals nor repairs", stores },
	{ "deleted poison is harmless", deletion },
	{ "poison stays until it is deleted", persistence },
	{ "the machine check comes before the load has any effect", precision },
	{ "every kind of load signals", loads_of_all_kinds },
	{ "a load across pages signals", across_pages },
	{ "all CPUs signal at the same time", all_cpus },
	{ "all NUMA nodes signal", all_nodes },
	{ "clear deletes all, and more can be added", clearing },
	{ "65536 poisoned lines are no burden", many_lines },
	{ "a scrubber's report is SIGBUS AO to who asked, refused on AMD",
	  scrubber },
	{ "after such a report all CPUs still signal loads", all_cpus },
	{ "a count is exact, and refused before its start and after its end",
	  counting },
	{ "poison does not change a count", counting_with_poison },
	{ "a string instruction counts once", counting_repetitions },
	{ "the kernel counts, the same for the same work",
	  counting_the_kernel },
	{ "all CPUs count", counting_all_cpus },
	{ "no load of poison was missed", nothing_missed },
};

int main(int argc, char **argv)
{
	size_t i;
	int failed = 0;

	if (argc > 1 && !strcmp(argv[1], "away"))
		return !nothing_there();
	is_amd = argc > 1 && !strcmp(argv[1], "amd");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		*why = '\0';
		catch_sigbus();
		tests[i].test();
		failed += !!*why;
		printf("%sok - %s%s%s\n", *why ? "not " : "", tests[i].rule,
		       *why ? ": " : "", why);
	}
	return failed;
}
