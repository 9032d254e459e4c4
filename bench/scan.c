// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast memscan's loop reads, and what it costs programs that run beside it.
 *
 * Prints lines "figure NAME UNIT SAMPLES Q1 MEDIAN Q3". What is compared takes
 * turns, and a ratio or a difference is the median of those of each turn.
 *
 * usage: scan [--quick] OTHER_INSTRUCTIONS
 *
 * OTHER_INSTRUCTIONS: what the module executes for a page beside its loop.
 */
#define _GNU_SOURCE
#include <err.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "ways.h"

#define KIB		(1UL << 10)
#define MIB		(1UL << 20)
#define MAX_SAMPLES	512
#define MAX_WAYS	16

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

/* Returns the median; the samples keep their order. */
static double figure(const char *name, const char *unit, const double *samples,
		     int n)
{
	double sorted[MAX_SAMPLES];

	memcpy(sorted, samples, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	printf("figure %s %s %d %.6g %.6g %.6g\n", name, unit, n,
	       sorted[n / 4], sorted[n / 2], sorted[n - 1 - n / 4]);
	return sorted[n / 2];
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
 * Speed
 */

static double rates[MAX_WAYS][MAX_SAMPLES];

static void read_in_turns(int reads)
{
	double start;
	int i, w;

	for (i = 0; i < reads; i++)
		for (w = 0; ways[w].name; w++) {
			if (!ways[w].usable())
				continue;
			start = ns();
			way_read(&ways[w], scanned, scanned_bytes);
			rates[w][i] = scanned_bytes / (ns() - start) * 1e9;
		}
}

/* Prints all rates; returns the fastest way but memscan's, by the median. */
static int print_rates(int n)
{
	double median, highest = 0;
	char name[32];
	int w, best = 1;

	for (w = 0; ways[w].name; w++) {
		if (!ways[w].usable())
			continue;
		snprintf(name, sizeof(name), "rate_%s", ways[w].name);
		median = figure(name, "bytes_per_second", rates[w], n);
		if (w && median > highest) {
			highest = median;
			best = w;
		}
	}
	printf("best_other %s\n", ways[best].name);
	return best;
}

/* Of a CPU, at 1 ns for each of the instructions beside the loop. */
static void print_shares(int n, double other_instructions)
{
	static const int tib[] = { 1, 4, 12 };
	double percents[MAX_SAMPLES];
	char name[64];
	size_t t;
	int i;

	for (t = 0; t < sizeof(tib) / sizeof(tib[0]); t++) {
		for (i = 0; i < n; i++)
			percents[i] = 100. * tib[t] * PACE_BYTES / PACE_NS *
				      (1e9 / rates[0][i] +
				       other_instructions / PAGE);
		snprintf(name, sizeof(name), "share_%d", tib[t]);
		figure(name, "percent", percents, n);
	}
}

static void measure_speed(const struct size *size, double other_instructions)
{
	double quotients[MAX_SAMPLES];
	int best, i;

	read_in_turns(size->reads);
	best = print_rates(size->reads);
	for (i = 0; i < size->reads; i++)
		quotients[i] = rates[0][i] / rates[best][i];
	figure("speed_best", "ratio", quotients, size->reads);
	print_shares(size->reads, other_instructions);
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

static void burst(const struct way *way)
{
	if (scanned_at + PACE_BURST > scanned_bytes)
		scanned_at = 0;
	way_read(way, scanned + scanned_at, PACE_BURST);
	scanned_at += PACE_BURST;
}

/* The victim's times after, or beside, a burst of each of these, or none. */
enum { MEMSCAN, PLAIN, NTA, LINES, NO_BURST, BURSTS };
static const char *const burst_names[] = { "memscan", "words", "nta", "lines" };
static double took[BURSTS][MAX_SAMPLES];

static const struct way *burst_way(int burst)
{
	return burst == NO_BURST ? NULL : way_find(burst_names[burst]);
}

static void print_difference(const char *victim, const char *name, int a, int b,
			     int n)
{
	double differences[MAX_SAMPLES];
	char whole[64];
	int i;

	for (i = 0; i < n; i++)
		differences[i] = took[a][i] - took[b][i];
	snprintf(whole, sizeof(whole), "%s_%s", victim, name);
	figure(whole, "ns", differences, n);
}

/* What a burst costs, how much more than one of plain loads, and its share. */
static void print_harm(const char *victim, int n)
{
	double percents[MAX_SAMPLES];
	char name[64];
	int b, i;

	for (b = 0; b < NO_BURST; b++)
		print_difference(victim, burst_names[b], b, NO_BURST, n);
	print_difference(victim, "excess", MEMSCAN, PLAIN, n);
	for (i = 0; i < n; i++)
		percents[i] = 100 * (took[MEMSCAN][i] - took[NO_BURST][i]) /
			      PERIOD_NS;
	snprintf(name, sizeof(name), "%s_pace", victim);
	figure(name, "percent", percents, n);
}

/* The time to read a set again that was in the caches of the CPU that scans. */
static void measure_set(const char *victim, size_t bytes, int bursts)
{
	struct link *at = make_ring(bytes);
	size_t lines = bytes / sizeof(*at);
	int i, b;

	for (i = 0; i < bursts; i++)
		for (b = 0; b < BURSTS; b++) {
			chase(&at, 4 * lines);
			if (burst_way(b))
				burst(burst_way(b));
			took[b][i] = chase(&at, lines);
		}
	print_harm(victim, bursts);
}

/*
 * A thread on another CPU that reads bursts on request
 */

static struct {
	pthread_t thread;
	int cpu;
	bool ends;
	const struct way *way;
	sem_t go;
	sem_t done;
} neighbour;

static void *be_neighbour(void *unused)
{
	(void)unused;
	run_on(neighbour.cpu);
	while (!sem_wait(&neighbour.go) && !neighbour.ends) {
		if (neighbour.way)
			burst(neighbour.way);
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
	neighbour.ends = true;
	sem_post(&neighbour.go);
	pthread_join(neighbour.thread, NULL);
}

/* Warms up; returns the time of @hops while the neighbour reads a burst. */
static double chase_beside(struct link **at, size_t hops, const struct way *way)
{
	double time;

	chase(at, CHASE_SET / sizeof(**at));
	neighbour.way = way;
	sem_post(&neighbour.go);
	time = chase(at, hops);
	sem_wait(&neighbour.done);
	return time;
}

/* Two rounds of the set outlast the burst, and see its effects. */
static void measure_neighbour(const struct size *size, int cpu)
{
	struct link *at = make_ring(CHASE_SET);
	size_t hops = 2 * CHASE_SET / sizeof(*at);
	int i, b;

	start_neighbour(cpu);
	for (i = 0; i < size->bursts; i++)
		for (b = 0; b < BURSTS; b++)
			took[b][i] = chase_beside(&at, hops, burst_way(b));
	print_harm("beside", size->bursts);
	stop_neighbour();
}

int main(int argc, char **argv)
{
	const struct size *size = &full;
	int cpus[2];

	if (argc > 2 && !strcmp(argv[1], "--quick"))
		size = &quick;
	if (argc < 2)
		errx(2, "usage: scan [--quick] OTHER_INSTRUCTIONS");
	find_cpus(cpus);
	if (cpus[1] < 0)
		errx(1, "a chase beside the scan needs two CPUs, here is one");
	run_on(cpus[0]);
	scanned_bytes = size->buffer;
	scanned = memory(scanned_bytes);
	fprintf(stderr, "# reading %zu MiB\n", scanned_bytes / MIB);
	measure_speed(size, atof(argv[argc - 1]));
	fprintf(stderr, "# sets in the caches, and bursts\n");
	measure_set("set_32k", 32 * KIB, size->bursts);
	measure_set("set_512k", 512 * KIB, size->bursts);
	measure_set("set_1m", MIB, size->bursts);
	fprintf(stderr, "# a chase of pointers beside bursts\n");
	measure_neighbour(size, cpus[1]);
	printf("end\n");
	return 0;
}
