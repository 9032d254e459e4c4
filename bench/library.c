// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of the library.  Prints lines "figure NAME VALUE": medians of
 * SAMPLES runs, of three with --quick.  The speed of a guarded read is relative
 * to memcpy(); the two take turns.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mfr.h>

#define SAMPLES		101
#define LOOKUPS		20000
#define PAGE		4096UL

static int samples = SAMPLES;

static double ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, samples, sizeof(*values), compare);
	return values[samples / 2];
}

static struct mfr_region *region(struct mfr_context *c, uint64_t bytes)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = bytes, .page_bytes = PAGE,
	};
	struct mfr_region *r;

	if (mfr_region_create(c, &o, &r)) {
		fprintf(stderr, "cannot make a region of %lu bytes\n", bytes);
		exit(1);
	}
	return r;
}

static double time_memcpy(char *to, struct mfr_region *r, size_t bytes, int n)
{
	char *from = mfr_region_address(r);
	double start = ns();

	while (n--) {
		memcpy(to, from, bytes);
		__asm__ volatile("" : : "r" (to) : "memory");
	}
	return ns() - start;
}

static double time_read(char *to, struct mfr_region *r, size_t bytes, int n)
{
	double start = ns();

	while (n--)
		mfr_read(r, 0, to, bytes);
	return ns() - start;
}

static void copies(struct mfr_context *c, const char *name, size_t bytes)
{
	static double plain[SAMPLES], guarded[SAMPLES], ratio[SAMPLES];
	struct mfr_region *r = region(c, bytes);
	int i, n = (16 << 20) / bytes;
	char *to = aligned_alloc(PAGE, bytes);

	memset(to, 1, bytes);
	memset(mfr_region_address(r), 2, bytes);
	n = n > 2000 ? 2000 : n;
	for (i = 0; i < samples; i++) {
		plain[i] = time_memcpy(to, r, bytes, n);
		guarded[i] = time_read(to, r, bytes, n);
		ratio[i] = plain[i] / guarded[i];
	}
	printf("figure memcpy_%s_ns %.0f\n", name, median(plain) / n);
	printf("figure guarded_%s_ns %.0f\n", name, median(guarded) / n);
	printf("figure speed_%s %.3f\n", name, median(ratio));
	mfr_region_destroy(r);
	free(to);
}

#define LEDGER_PAGES	400000UL	/* 1.6 GB, never touched */
#define INSERTS		16

static struct mfr_region *region_with(struct mfr_context *c, uint64_t ranges)
{
	struct mfr_region *r = region(c, LEDGER_PAGES * PAGE);
	uint64_t i, step = LEDGER_PAGES / ranges;

	for (i = 0; i < ranges; i++)
		mfr_region_mark(r, i * step * PAGE, PAGE);
	return r;
}

static double time_lookup(const struct mfr_ledger *l)
{
	struct mfr_range range;
	double start = ns();
	int n;

	for (n = 0; n < LOOKUPS; n++)
		mfr_ledger_next_lost(l, random() % LEDGER_PAGES * PAGE, &range);
	return (ns() - start) / LOOKUPS;
}

/* Marks pages between those on the ledger, which are at least four apart. */
static double time_insert(struct mfr_region *r)
{
	double start = ns();
	int n;

	for (n = 0; n < INSERTS; n++)
		mfr_region_mark(r, (random() % (LEDGER_PAGES / 4) * 4 + 2) *
				PAGE, PAGE);
	return (ns() - start) / INSERTS;
}

/* @ranges of one page each, evenly spread; each sample has a new ledger. */
static void ledger(struct mfr_context *c, uint64_t ranges)
{
	static double insert[SAMPLES], lookup[SAMPLES];
	int s;

	for (s = 0; s < samples; s++) {
		struct mfr_region *r = region_with(c, ranges);

		lookup[s] = time_lookup(mfr_region_ledger(r));
		insert[s] = time_insert(r);
		mfr_region_destroy(r);
	}
	printf("figure lookup_%lu_ns %.0f\n", ranges, median(lookup));
	printf("figure insert_%lu_ns %.0f\n", ranges, median(insert));
}

/*
 * An access of 8 bytes in the first page of a region of 4 GiB, with so much lost
 * from the second page on, or in each @step-th page.  Nothing else is touched.
 */
static void word(struct mfr_context *c, const char *name, uint64_t lost,
		 uint64_t step)
{
	static double reads[SAMPLES], loads[SAMPLES];
	struct mfr_region *r = region(c, 4ULL << 30);
	uint64_t value, page;
	double start;
	int s, n;

	if (lost)
		mfr_region_mark(r, PAGE, lost);
	for (page = 1; step && page < (4ULL << 30) / PAGE; page += step)
		mfr_region_mark(r, page * PAGE, PAGE);
	mfr_write(r, 0, &value, sizeof(value));
	for (s = 0; s < samples; s++) {
		start = ns();
		for (n = 0; n < LOOKUPS; n++)
			mfr_read(r, 8 * (n % 500), &value, sizeof(value));
		reads[s] = (ns() - start) / LOOKUPS;
		start = ns();
		for (n = 0; n < LOOKUPS; n++)
			mfr_load64(r, 8 * (n % 500), &value);
		loads[s] = (ns() - start) / LOOKUPS;
	}
	printf("figure read8_%s_ns %.0f\n", name, median(reads));
	printf("figure load64_%s_ns %.0f\n", name, median(loads));
	mfr_region_destroy(r);
}

static void words(struct mfr_context *c)
{
	word(c, "clean", 0, 0);
	word(c, "page", PAGE, 0);
	word(c, "1g", 1ULL << 30, 0);
	word(c, "3g", 3ULL << 30, 0);
	word(c, "ranges", 0, 10);
}

static volatile sig_atomic_t calls;

static void count_call(int sig)
{
	(void)sig;
	calls++;
}

/* From now on count system calls instead of running them, except for two. */
static void trap_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(*filter), .filter = filter,
	};

	signal(SIGSYS, count_call);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(255);
}

/* In a child, with a context of its own, as it does not tell its parent's. */
static void handler(void)
{
	siginfo_t info = { .si_signo = SIGBUS, .si_code = BUS_MCEERR_AR };
	struct mfr_context *c;
	int status;

	fflush(stdout);
	if (!fork()) {
		if (mfr_context_create(NULL, &c))
			_exit(255);
		info.si_addr = mfr_region_address(region(c, PAGE));
		info.si_addr_lsb = 12;
		trap_calls();
		mfr_sigbus(c, &info, NULL);
		_exit(calls);
	}
	if (wait(&status) < 0 || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 255) {
		fprintf(stderr, "cannot count the handler's system calls\n");
		exit(1);
	}
	printf("figure handler_system_calls %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
	struct mfr_context *c;

	if (argc > 1 && !strcmp(argv[1], "--quick"))
		samples = 3;
	if (mfr_context_create(NULL, &c))
		return 1;
	copies(c, "4k", 4096);
	copies(c, "64k", 65536);
	copies(c, "16m", 16 << 20);
	ledger(c, 1);
	ledger(c, 1000);
	ledger(c, 100000);
	words(c);
	handler();
	return 0;
}
