// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "hog.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "hugepage.h"
#include "poison.h"
#include "pool.h"
#include "user.h"

#define VICTIMS		9
#define ALLOWED_MS	50
#define PAGES		160

static const char *raw;
static int big;

/*
 * Rule 21: threads hold each lock that the kernel could need when another one
 * consumes; errors of other processes are handled without delay.
 */

/* Holds the file's lock while all of its pages are cleared. */
static void *fill(void *unused)
{
	for (;;) {
		if (fallocate(big, 0, 0, PAGES * SIZE_2M))
			return unused;
		fallocate(big, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  PAGES * SIZE_2M);
	}
}

/* Holds mmap_lock while it waits for the file's lock. */
static void *map(void *unused)
{
	for (;;) {
		void *at = mmap(NULL, SIZE_2M, PROT_READ,
				MAP_SHARED | MAP_NORESERVE, big, 0);

		if (at == MAP_FAILED)
			return unused;
		munmap(at, SIZE_2M);
	}
}

/* Consumes poison, for which the kernel needs mmap_lock. */
static void consume_for_ever(void)
{
	for (;;)
		user_try((void)*(volatile const char *)raw);
}

static void hog(void)
{
	pthread_t thread;

	big = memfd_create("big", MFD_HUGETLB | 21U << 26);
	if (!user_become() || big < 0 || ftruncate(big, PAGES * SIZE_2M))
		_exit(1);
	user_signals();
	pthread_create(&thread, NULL, fill, NULL);
	pthread_create(&thread, NULL, map, NULL);
	consume_for_ever();
}

static volatile double *took_ms;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void suffer(unsigned int i)
{
	char *page = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			  MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	double start;

	*(volatile char *)page = 1;
	user_signals();
	lab_poison_add(lab_pa(page), 1);
	start = now_ms();
	user_try((void)*(volatile char *)page);
	took_ms[i] = now_ms() - start;
	_exit(0);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Returns the median of the victims' times; @worst is the longest. */
static double victims(double *worst)
{
	unsigned int i;
	pid_t child;

	for (i = 0; i < VICTIMS; i++) {
		child = fork();
		if (!child)
			suffer(i);
		waitpid(child, NULL, 0);
		usleep(50000);
	}
	qsort((void *)took_ms, VICTIMS, sizeof(*took_ms), compare);
	*worst = took_ms[VICTIMS - 1];
	return took_ms[VICTIMS / 2];
}

const char *hog_run(void)
{
	double alone, beside, worst_alone, worst;
	const struct lost *lost;
	size_t n, known;
	pid_t attacker;

	took_ms = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!arena_prepare(0) || pool_want(SIZE_2M, PAGES + 8))
		return "no poison, or no pages";
	lost = arena_lost(&n, &known);
	raw = lost[0].addr;
	alone = victims(&worst_alone);
	attacker = fork();
	if (!attacker)
		hog();
	usleep(1000000);
	beside = victims(&worst);
	kill(attacker, SIGKILL);
	waitpid(attacker, NULL, 0);
	arena_settle();
	printf("# hog: a neighbour's SIGBUS after %.1f ms (at most %.1f) alone, ",
	       alone, worst_alone);
	printf("%.1f ms (at most %.1f) beside it\n", beside, worst);
	return beside - alone > ALLOWED_MS ? "a neighbour waited" : NULL;
}
