// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast memscan's loop reads, and what it costs programs that run beside it.
 *
 * The loop is the module's own, kernel/memscan/load.c. Prints lines
 * "figure NAME UNIT SAMPLES Q1 MEDIAN Q3". Readers that are compared take
 * turns, and a ratio is the median of the ratios of each turn.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define PAGE		4096UL
#define MIB		(1UL << 20)
#define MAX_SAMPLES	512

#define L2_SET		MIB
#define CHASE_SET	(8 * MIB)
/* As in the module's pace.h */
#define PACE_BURST	(4 * MIB)
#define PACE_BYTES	(1UL << 40)
#define PACE_NS		(86400 * 1e9)
#define PERIOD_NS	(PACE_NS / PACE_BYTES * PACE_BURST)

/**
 * struct size - how long to measure
 * @buffer: bytes to read from end to end; more than the caches hold
 * @reads: number of such reads
 * @bursts: number of bursts
 */
struct size {
	size_t buffer;
	int reads;
	int bursts;
};

static const struct size full = { 512 * MIB, 31, 401 };
static const struct size quick = { 64 * MIB, 3, 5 };

/* CPU time of this thread, so that other load does not count. */
static double ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts, prints, and returns the median. */
static double figure(const char *name, const char *unit, double *samples, int n)
{
	qsort(samples, n, sizeof(*samples), compare);
	printf("figure %s %s %d %.6g %.6g %.6g\n", name, unit, n,
	       samples[n / 4], samples[n / 2], samples[n - 1 - n / 4]);
	return samples[n / 2];
}

/* In huge pages where available: measure the caches, not the TLB. */
static char *memory(size_t bytes)
{
	char *p = aligned_alloc(2 * MIB, bytes < 2 * MIB ? 2 * MIB : bytes);

	if (!p)
		err(1, "%zu MiB of memory", bytes / MIB);
	madvise(p, bytes, MADV_HUGEPAGE);
	memset(p, 1, bytes);
	return p;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "run on CPU %d", cpu);
}

/* The first two CPUs that we may use; @cpus[1] is -1 if there is only one. */
static void find_cpus(int cpus[2])
{
	cpu_set_t set;
	int cpu, n = 0;

	cpus[1] = -1;
	if (sched_getaffinity(0, sizeof(set), &set))
		err(1, "sched_getaffinity");
	for (cpu = 0; cpu < CPU_SETSIZE && n < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[n++] = cpu;
}

/* The memory to read; each burst reads the next part of it. */
static char *scanned;
static size_t scanned_bytes, scanned_at;

/*
 * Ways to read
 */

static void read_memscan(const char *from, size_t bytes)
{
	const char *page;

	for (page = from; page < from + bytes; page += PAGE)
		if (memscan_load(page, page + PAGE).trap)
			errx(1, "a load trapped");
}

#define EACH_LINE(instructions, ...)					\
	for (const char *at = from; at < from + bytes; at += 64)	\
		__asm__ volatile(instructions				\
				 : : "r" (at) : "memory", ##__VA_ARGS__)

static void read_words(const char *from, size_t bytes)
{
	EACH_LINE("mov (%0), %%rax\n\tmov 8(%0), %%rax\n\t"
		  "mov 16(%0), %%rax\n\tmov 24(%0), %%rax\n\t"
		  "mov 32(%0), %%rax\n\tmov 40(%0), %%rax\n\t"
		  "mov 48(%0), %%rax\n\tmov 56(%0), %%rax", "rax");
}

static void read_sse(const char *from, size_t bytes)
{
	EACH_LINE("movdqa (%0), %%xmm0\n\tmovdqa 16(%0), %%xmm1\n\t"
		  "movdqa 32(%0), %%xmm2\n\tmovdqa 48(%0), %%xmm3",
		  "xmm0", "xmm1", "xmm2", "xmm3");
}

static void read_avx2(const char *from, size_t bytes)
{
	EACH_LINE("vmovdqa (%0), %%ymm0\n\tvmovdqa 32(%0), %%ymm1",
		  "xmm0", "xmm1");
}

static void read_avx512(const char *from, size_t bytes)
{
	EACH_LINE("vmovdqa64 (%0), %%zmm0", "xmm0");
}

static void read_lods(const char *from, size_t bytes)
{
	size_t words = bytes / 8;

	__asm__ volatile("rep lodsq" : "+S" (from), "+c" (words)
			 : : "rax", "memory");
}

static char sink[PAGE] __attribute__((aligned(PAGE)));

/* What copy_mc_to_kernel() does, which other scanners use for each page. */
static void read_movs(const char *from, size_t bytes)
{
	const char *end = from + bytes;

	while (from < end) {
		char *to = sink;
		size_t n = PAGE;

		__asm__ volatile("rep movsb" : "+S" (from), "+D" (to), "+c" (n)
				 : : "memory");
	}
}

static void read_memcpy(const char *from, size_t bytes)
{
	const char *page;

	for (page = from; page < from + bytes; page += PAGE) {
		memcpy(sink, page, PAGE);
		__asm__ volatile("" : : "r" (sink) : "memory");
	}
}

static bool always(void) { return true; }
static bool has_avx2(void) { return __builtin_cpu_supports("avx2"); }
static bool has_avx512(void) { return __builtin_cpu_supports("avx512f"); }

static const struct way {
	const char *name;
	void (*read)(const char *from, size_t bytes);
	bool (*usable)(void);
	bool plain;
} ways[] = {
	{ "memscan", read_memscan, always, false },
	{ "words", read_words, always, true },
	{ "sse", read_sse, always, true },
	{ "avx2", read_avx2, has_avx2, true },
	{ "avx512", read_avx512, has_avx512, true },
	{ "lods", read_lods, always, false },
	{ "movs", read_movs, always, false },
	{ "memcpy", read_memcpy, always, false },
};

#define WAYS	(sizeof(ways) / sizeof(ways[0]))

static double rates[WAYS][MAX_SAMPLES];

/* The speed of memscan's loop relative to @other in each turn. */
static void print_ratio(const char *name, const double *other, int n)
{
	double quotients[MAX_SAMPLES];
	int i;

	for (i = 0; i < n; i++)
		quotients[i] = rates[0][i] / other[i];
	figure(name, "ratio", quotients, n);
}

static size_t best_plain(int n)
{
	size_t w, best = 1;
	double sorted[MAX_SAMPLES], median, highest = 0;

	for (w = 0; w < WAYS; w++) {
		if (!ways[w].plain || !ways[w].usable())
			continue;
		memcpy(sorted, rates[w], n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), compare);
		median = sorted[n / 2];
		if (median > highest) {
			highest = median;
			best = w;
		}
	}
	return best;
}

/* Returns the rate of memscan's loop in bytes per second. */
static double measure_rates(const struct size *size)
{
	char name[32];
	size_t w, best;
	double start, rate = 0;
	int i;

	for (i = 0; i < size->reads; i++)
		for (w = 0; w < WAYS; w++) {
			if (!ways[w].usable())
				continue;
			start = ns();
			ways[w].read(scanned, scanned_bytes);
			rates[w][i] = scanned_bytes / (ns() - start) * 1e9;
		}
	best = best_plain(size->reads);
	print_ratio("speed_plain", rates[best], size->reads);
	printf("best %s\n", ways[best].name);
	for (w = 1; w < WAYS; w++) {
		if (!ways[w].usable())
			continue;
		snprintf(name, sizeof(name), "speed_%s", ways[w].name);
		print_ratio(name, rates[w], size->reads);
	}
	for (w = WAYS; w-- > 0;) {
		if (!ways[w].usable())
			continue;
		snprintf(name, sizeof(name), "rate_%s", ways[w].name);
		rate = figure(name, "bytes_per_second", rates[w], size->reads);
	}
	return rate;
}

/*
 * Harm: the victim chases pointers through a set that fits in a cache
 */

struct link {
	struct link *next;
	char rest[64 - sizeof(struct link *)];
};

/* One ring through all lines of the set, in random order (Sattolo). */
static struct link *make_ring(size_t bytes)
{
	struct link *links = (struct link *)memory(bytes);
	size_t i, j, n = bytes / sizeof(*links);
	size_t *order = malloc(n * sizeof(*order));

	if (!order)
		err(1, "%zu numbers", n);
	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i > 0; i--) {
		size_t swapped = order[i];

		j = random() % i;
		order[i] = order[j];
		order[j] = swapped;
	}
	for (i = 0; i < n; i++)
		links[order[i]].next = &links[order[(i + 1) % n]];
	free(order);
	return links;
}

/* Returns the time of @hops from *@at; updates *@at. */
static double chase(struct link **at, size_t hops)
{
	struct link *link = *at;
	double start = ns();

	while (hops--)
		link = *(struct link *volatile *)&link->next;
	*at = link;
	return ns() - start;
}

static void burst(size_t bytes, void (*read)(const char *from, size_t bytes))
{
	if (scanned_at + bytes > scanned_bytes)
		scanned_at = 0;
	read(scanned + scanned_at, bytes);
	scanned_at += bytes;
}

static const size_t bursts_mib[] = { 1, 4, 32 };
#define BURSTS		(sizeof(bursts_mib) / sizeof(bursts_mib[0]))

/* A burst of memscan's loop, one of plain loads, no burst. */
static void (*const readers[])(const char *, size_t) = {
	read_memscan, read_words, NULL
};
#define READERS		(sizeof(readers) / sizeof(readers[0]))
static const char *const reader_names[] = { "memscan", "plain" };

/*
 * Prints the extra ns that a burst costs, as "VICTIM_READER_MIB". Returns the
 * median for memscan.
 */
static double print_harm(const char *victim, double took[READERS][MAX_SAMPLES],
			 size_t mib, int n)
{
	double median[2];
	char name[64];
	int r, i;

	for (r = 0; r < 2; r++) {
		for (i = 0; i < n; i++)
			took[r][i] -= took[2][i];
		snprintf(name, sizeof(name), "%s_%s_%zu", victim,
			 reader_names[r], mib);
		median[r] = figure(name, "ns", took[r], n);
	}
	return median[0];
}

/* The time to read a set again that was in L2 of the CPU that scans. */
static double measure_l2(const struct size *size)
{
	struct link *at = make_ring(L2_SET);
	size_t lines = L2_SET / sizeof(*at), b, r;
	static double took[READERS][MAX_SAMPLES];
	double harm, at_pace = 0;
	int i;

	for (b = 0; b < BURSTS; b++) {
		for (i = 0; i < size->bursts; i++)
			for (r = 0; r < READERS; r++) {
				chase(&at, 2 * lines);
				if (readers[r])
					burst(bursts_mib[b] * MIB, readers[r]);
				took[r][i] = chase(&at, lines);
			}
		harm = print_harm("l2", took, bursts_mib[b], size->bursts);
		if (bursts_mib[b] * MIB == PACE_BURST)
			at_pace = harm;
	}
	return at_pace;
}

/*
 * A thread on another CPU that reads bursts on request
 */

static struct {
	pthread_t thread;
	int cpu;
	size_t bytes;
	void (*read)(const char *from, size_t bytes);
	sem_t go;
	sem_t done;
} neighbour;

/* Exits if @bytes is 0. */
static void *be_neighbour(void *unused)
{
	(void)unused;
	run_on(neighbour.cpu);
	while (!sem_wait(&neighbour.go) && neighbour.bytes) {
		if (neighbour.read)
			burst(neighbour.bytes, neighbour.read);
		sem_post(&neighbour.done);
	}
	return NULL;
}

static void start_neighbour(int cpu)
{
	neighbour.cpu = cpu;
	sem_init(&neighbour.go, 0, 0);
	sem_init(&neighbour.done, 0, 0);
	if (pthread_create(&neighbour.thread, NULL, be_neighbour, NULL))
		errx(1, "cannot make a thread");
}

static void stop_neighbour(void)
{
	neighbour.bytes = 0;
	sem_post(&neighbour.go);
	pthread_join(neighbour.thread, NULL);
}

/* Warms up; returns the time of @hops while the neighbour reads a burst. */
static double chase_beside(struct link **at, size_t hops, size_t bytes,
			   void (*read)(const char *from, size_t bytes))
{
	double took;

	chase(at, CHASE_SET / sizeof(**at));
	neighbour.bytes = bytes;
	neighbour.read = read;
	sem_post(&neighbour.go);
	took = chase(at, hops);
	sem_wait(&neighbour.done);
	return took;
}

/* The hops outlast the burst; one more round of the set sees its effects. */
static double measure_chase(const struct size *size, struct link *at,
			    double rate, double hop_ns)
{
	static double took[READERS][MAX_SAMPLES];
	size_t b, r, bytes, hops;
	double harm, at_pace = 0;
	int i;

	for (b = 0; b < BURSTS; b++) {
		bytes = bursts_mib[b] * MIB;
		hops = 2 * bytes / rate * 1e9 / hop_ns +
		       CHASE_SET / sizeof(*at);
		for (i = 0; i < size->bursts; i++)
			for (r = 0; r < READERS; r++)
				took[r][i] = chase_beside(&at, hops, bytes,
							  readers[r]);
		harm = print_harm("chase", took, bursts_mib[b], size->bursts);
		if (bytes == PACE_BURST)
			at_pace = harm;
	}
	return at_pace;
}

static void print_percent(const char *name, double percent)
{
	figure(name, "percent", &percent, 1);
}

static void measure_neighbour(const struct size *size, int cpu, double rate)
{
	struct link *at = make_ring(CHASE_SET);
	size_t lines = CHASE_SET / sizeof(*at);
	double hop_ns, harm;

	hop_ns = chase(&at, 4 * lines) / (4 * lines);
	start_neighbour(cpu);
	harm = measure_chase(size, at, rate, hop_ns);
	print_percent("pace_chase", 100 * harm / PERIOD_NS);
	stop_neighbour();
}

static void print_shares(double rate)
{
	static const int tib[] = { 1, 4, 12 }, hours[] = { 12, 24 };
	char name[64];
	size_t t, h;

	for (h = 0; h < 2; h++)
		for (t = 0; t < 3; t++) {
			snprintf(name, sizeof(name), "share_%d_%d", tib[t],
				 hours[h]);
			print_percent(name, 100. * tib[t] * PACE_BYTES /
					    (hours[h] * 3600) / rate);
		}
}

int main(int argc, char **argv)
{
	const struct size *size = &full;
	double rate;
	int cpus[2];

	if (argc > 1 && !strcmp(argv[1], "--quick"))
		size = &quick;
	find_cpus(cpus);
	run_on(cpus[0]);
	scanned_bytes = size->buffer;
	scanned = memory(scanned_bytes);
	fprintf(stderr, "# reading %zu MiB\n", scanned_bytes / MIB);
	rate = measure_rates(size);
	print_shares(rate);
	fprintf(stderr, "# a set in L2, and bursts\n");
	print_percent("pace_l2", 100 * measure_l2(size) / PERIOD_NS);
	if (cpus[1] < 0)
		errx(1, "a chase beside the scan needs two CPUs, here is one");
	fprintf(stderr, "# a chase of pointers beside bursts\n");
	measure_neighbour(size, cpus[1], rate);
	printf("end\n");
	return 0;
}
