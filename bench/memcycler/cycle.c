// SPDX-License-Identifier: GPL-2.0-only
#include "cycle.h"

#include <err.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * A value encodes the pass that wrote it and its position, so that a skipped or
 * misplaced write is detected.  Room for 2^24 passes and 8 TiB.
 */
#define PASS		(1UL << 40)

#define WORDS(bytes)	((bytes) / sizeof(uint64_t))
#define PAGE_WORDS	WORDS(BASE_PAGE_BYTES)
#define LINE_WORDS	WORDS(64)

struct cycler {
	pthread_t thread;
	size_t first_word, words;	/* its part of the area */
	size_t step, steps;		/* of this pass */
	_Atomic uint64_t pass;		/* that wrote its words last */
	_Atomic uint64_t done;		/* words of all passes */
	size_t huge;			/* huge page that it is in */
	struct part entered;
	_Atomic uint64_t part_words[2], part_cpu_ns[2];	/* healthy, hit */
	sigjmp_buf after_sigbus;
} __attribute__((aligned(128)));	/* CPUs prefetch lines in pairs */

static struct area *area;
static enum order order;
static size_t huge_words;
static struct cycler *cyclers;
static unsigned int n_cyclers;
static atomic_bool stop;
static atomic_ulong survived;
static __thread struct cycler *self;

/* End the program; only the first thread that fails prints a message. */
#define end_with(status, ...) do {					\
	static atomic_flag ending = ATOMIC_FLAG_INIT;			\
									\
	while (atomic_flag_test_and_set(&ending))			\
		pause();						\
	dprintf(STDERR_FILENO, "memcycler: " __VA_ARGS__);		\
	area_clear_poison();						\
	_exit(status);							\
} while (0)

static void __attribute__((noreturn, cold))
wrong(volatile uint64_t *at, uint64_t seen, uint64_t want)
{
	end_with(STATUS_WRONG_VALUE,
		 "wrong value at %p: 0x%lx was read, 0x%lx was written there\n",
		 (void *)at, seen, want);
}

/* The inner loop, which is what is measured. */
static void cycle_words(struct cycler *c, size_t first, size_t n)
{
	volatile uint64_t *word = (uint64_t *)area->start + first;
	uint64_t want = c->pass * PASS + first, seen;
	size_t i;

	for (i = 0; i < n; i++, want++) {
		seen = word[i];
		if (seen != want)
			wrong(word + i, seen, want);
		word[i] = want + PASS;
	}
	atomic_store_explicit(&c->done, c->done + n, memory_order_relaxed);
}

static size_t step_words(void)
{
	return order == ORDER_LINE ? LINE_WORDS : PAGE_WORDS;
}

/* An irregular order of 2^n steps; each comes once, as both factors are odd. */
static size_t shuffled(size_t step, size_t steps)
{
	step = step * 0x9e3779b97f4a7c15 & (steps - 1);
	step ^= step >> __builtin_ctzl(steps) / 2;
	return step * 0xbf58476d1ce4e5b9 & (steps - 1);
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000UL + now.tv_nsec;
}

static void enter_huge(struct cycler *c, size_t huge)
{
	c->huge = huge;
	c->entered.words = c->done;
	c->entered.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static void leave_huge(struct cycler *c, size_t next)
{
	struct part entered = c->entered;
	bool hit = area->is_hit[c->huge];

	enter_huge(c, next);
	c->part_words[hit] += c->entered.words - entered.words;
	c->part_cpu_ns[hit] += c->entered.cpu_ns - entered.cpu_ns;
}

static void take_step(struct cycler *c)
{
	size_t at = c->step++;	/* first: after SIGBUS, do the next */

	if (order != ORDER_SEQUENTIAL)
		at = shuffled(at, c->steps);
	at *= step_words();
	if (at >= c->words)
		return;
	at += c->first_word;
	if (order == ORDER_SEQUENTIAL && at / huge_words != c->huge)
		leave_huge(c, at / huge_words);
	if (!area->lost[at / PAGE_WORDS])
		cycle_words(c, at, step_words());
}

static void *cycle(void *arg)
{
	struct cycler *c = arg;

	self = c;
	enter_huge(c, c->first_word / huge_words);
	sigsetjmp(c->after_sigbus, 1);
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		if (c->step < c->steps) {
			take_step(c);
		} else {
			c->step = 0;
			c->pass++;
		}
	}
	return NULL;
}

static void *fill(void *arg)
{
	struct cycler *c = arg;
	uint64_t *word = (uint64_t *)area->start;
	size_t i;

	for (i = c->first_word; i < c->first_word + c->words; i++)
		word[i] = i;
	c->pass = 0;
	c->step = 0;
	return NULL;
}

/*
 * A cycling thread continues without the base page.  MADV_HWPOISON signals the
 * thread that calls it, which has no access to leave.
 */
static void handle_sigbus(int sig, siginfo_t *info, void *context)
{
	uintptr_t offset = (uintptr_t)info->si_addr - (uintptr_t)area->start;

	(void)context;
	if (info->si_code == BUS_MCEERR_AO)
		return;
	if (info->si_code != BUS_MCEERR_AR || offset >= area->bytes) {
		signal(sig, SIG_DFL);
		return;
	}
	if (1UL << info->si_addr_lsb > BASE_PAGE_BYTES)
		end_with(STATUS_LOST,
			 "SIGBUS at %p: %lu bytes are lost, more than a base page\n",
			 info->si_addr, 1UL << info->si_addr_lsb);
	area->lost[offset / BASE_PAGE_BYTES] = true;
	atomic_fetch_add(&survived, 1);
	if (self)
		siglongjmp(self->after_sigbus, 1);
}

static size_t power_of_two_from(size_t n)
{
	size_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

void cycle_create(struct area *a, unsigned int threads, enum order how)
{
	struct sigaction action = {
		.sa_sigaction = handle_sigbus,
		.sa_flags = SA_SIGINFO,
	};
	size_t pages = a->bytes / BASE_PAGE_BYTES, next = 0, i;

	area = a;
	order = how;
	huge_words = WORDS(a->huge_bytes);
	n_cyclers = threads;
	cyclers = aligned_alloc(__alignof__(*cyclers),
				threads * sizeof(*cyclers));
	if (!cyclers)
		err(STATUS_REFUSED, "cannot have %u threads", threads);
	memset(cyclers, 0, threads * sizeof(*cyclers));
	for (i = 0; i < threads; i++) {
		struct cycler *c = &cyclers[i];

		c->first_word = next;
		next = pages * (i + 1) / threads * PAGE_WORDS;
		c->words = next - c->first_word;
		c->steps = c->words / step_words();
		if (order != ORDER_SEQUENTIAL)
			c->steps = power_of_two_from(c->steps);
	}
	sigaction(SIGBUS, &action, NULL);
}

static void start(void *(*what)(void *))
{
	unsigned int i;

	for (i = 0; i < n_cyclers; i++) {
		errno = pthread_create(&cyclers[i].thread, NULL, what,
				       &cyclers[i]);
		if (errno)
			err(STATUS_REFUSED, "cannot start thread %u", i + 1);
	}
}

static void join(void)
{
	unsigned int i;

	for (i = 0; i < n_cyclers; i++)
		pthread_join(cyclers[i].thread, NULL);
}

void cycle_fill(void)
{
	start(fill);
	join();
}

void cycle_start(void)
{
	stop = false;
	start(cycle);
}

void cycle_stop(void)
{
	stop = true;
	join();
}

static void part_now(const struct cycler *c, bool hit, struct part *now)
{
	now->words = c->part_words[hit];
	now->cpu_ns = c->part_cpu_ns[hit];
}

void cycle_progress(struct progress *now)
{
	clockid_t clock;
	unsigned int i;

	now->wall_ns = clock_ns(CLOCK_MONOTONIC);
	for (i = 0; i < n_cyclers; i++) {
		pthread_getcpuclockid(cyclers[i].thread, &clock);
		now->thread[i].cpu_ns = clock_ns(clock);
		now->thread[i].words = cyclers[i].done;
		part_now(&cyclers[i], false, &now->thread[i].healthy);
		part_now(&cyclers[i], true, &now->thread[i].hit);
	}
}

static uint64_t words(const struct progress *from, const struct progress *to,
		      unsigned int i)
{
	return to->thread[i].words - from->thread[i].words;
}

static uint64_t cpu_ns(const struct progress *from, const struct progress *to,
		       unsigned int i)
{
	return to->thread[i].cpu_ns - from->thread[i].cpu_ns;
}

double cycle_rate(const struct progress *from, const struct progress *to)
{
	double rate = 0;
	unsigned int i;

	for (i = 0; i < n_cyclers; i++)
		if (cpu_ns(from, to, i))
			rate += words(from, to, i) * 1e3 / cpu_ns(from, to, i);
	return rate;
}

static void add_part(struct part *sum, const struct part *from,
		     const struct part *to)
{
	sum->words += to->words - from->words;
	sum->cpu_ns += to->cpu_ns - from->cpu_ns;
}

double cycle_hit_speed(const struct progress *from, const struct progress *to)
{
	struct part hit = { 0 }, healthy = { 0 };
	unsigned int i;

	for (i = 0; i < n_cyclers; i++) {
		add_part(&hit, &from->thread[i].hit, &to->thread[i].hit);
		add_part(&healthy, &from->thread[i].healthy,
			 &to->thread[i].healthy);
	}
	if (!hit.words || !healthy.words)
		return NAN;
	return ((double)hit.words / hit.cpu_ns) /
	       ((double)healthy.words / healthy.cpu_ns);
}

double cycle_cpu_share(const struct progress *from, const struct progress *to)
{
	double ns = 0;
	unsigned int i;

	for (i = 0; i < n_cyclers; i++)
		ns += cpu_ns(from, to, i);
	return ns / n_cyclers / (to->wall_ns - from->wall_ns);
}

bool cycle_enough(const struct progress *from)
{
	unsigned int i;

	for (i = 0; i < n_cyclers; i++)
		if (!cyclers[i].pass ||
		    cyclers[i].done == from->thread[i].words)
			return false;
	return true;
}

unsigned long cycle_sigbus(void)
{
	return survived;
}
