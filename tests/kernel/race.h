/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One round of a race: its random numbers, its folio, its errors, and the
 * counters that must be right when it is over.  For races.c only.
 */
#ifndef RACE_H
#define RACE_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "counters.h"
#include "duel.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pattern.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"
#include "sigbus.h"

#define NR	(SIZE_2M / BASE_PAGE)
#define BASE_PAGE_SHIFT	12
#define POOL	4	/* free huge pages at the start of a round */
#define WINDOW	3	/* base pages that a reader asks for */
#define HITS	4	/* errors in a round, at most */

static long seed, percent = 100, only_rounds, first_round;

struct race {
	struct duel duel;
	struct hugepage hp;
	uint64_t random;
	long round, folio_round;	/* now; when the folio was made */
	/* Base pages of this round's errors, and results of raising them */
	size_t hit[HITS], hits;
	int result[HITS];
	/* Per base page: it is lost; it has zeroes instead of the pattern */
	bool raw[NR], zeroed[NR];
	/* Arguments and results of our side of the race */
	size_t start;
	long got;
	pid_t child;
	int fd;
	bool undone;
	long kept;
	double lead;
	bool real;
	struct sigbus seen[2];
	char data[WINDOW * BASE_PAGE];
	char seen_ranges[1 << 12];
	/* Before the folio was made */
	struct pool pool;
	long corrupted_kb;
	long optional;
	char *homes[2];
};

/* Random numbers */

/* The mixing steps of splitmix64. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static uint32_t draw(struct race *r)
{
	r->random += 0x9e3779b97f4a7c15;
	return mix(r->random) >> 32;
}

static size_t draw_below(struct race *r, size_t n)
{
	return draw(r) % n;
}

/* A base page that is not lost yet. */
static size_t draw_page(struct race *r)
{
	size_t page;

	do {
		page = draw_below(r, NR);
	} while (r->raw[page]);
	return page;
}

static void start_round(struct race *r, long round)
{
	r->round = round;
	r->random = mix(seed) + round;
	r->hits = 0;
}

static long rounds_of(long n)
{
	return only_rounds ?: (n * percent + 99) / 100;
}

/* Errors */

static int corrupt_fd = -1, unpoison_fd = -1;

static int write_pfn(int fd, unsigned long pfn)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%#lx", pfn);

	return write(fd, text, len) == len ? 0 : -errno;
}

static void hit(struct race *r, size_t i)
{
	r->result[i] = write_pfn(corrupt_fd,
				 r->hp.pa / BASE_PAGE + r->hit[i]);
}

static void hit_all(void *arg)
{
	struct race *r = arg;
	size_t i;

	for (i = 0; i < r->hits; i++)
		hit(r, i);
}

/* Counters */

static long corrupted_kb(void)
{
	return procfile_value("/proc/meminfo", "HardwareCorrupted:");
}

static long count_raw(const struct race *r)
{
	size_t page;
	long n = 0;

	for (page = 0; page < NR; page++)
		n += r->raw[page];
	return n;
}

/* Most states are reached in far less than a pause: spin first, then poll. */
#define soon(condition) ({						\
	int spins_ = 200;						\
									\
	while (!(condition) && spins_--)				\
		sched_yield();						\
	spins_ >= 0 || poll_until(condition);				\
})

static uint64_t folio_flags(const struct race *r)
{
	return page_flags(r->hp.pa / BASE_PAGE);
}

/* Create a file with a folio of its own, filled with the pattern. */
static void make_folio(struct __test_metadata *_metadata, struct race *r)
{
	size_t page;

	/* So that the log names the round if the kernel panics */
	r->folio_round = r->round;
	procfile_write("/dev/kmsg", "races: --seed %#lx --round %ld",
		       seed, r->round);
	memset(r->raw, 0, sizeof(r->raw));
	memset(r->zeroed, 0, sizeof(r->zeroed));
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_read(SIZE_2M, &r->pool));
	ASSERT_LT(0, pool_set(SIZE_2M, r->pool.nr + POOL - r->pool.free));
	ASSERT_EQ(0, pool_read(SIZE_2M, &r->pool));
	ASSERT_EQ(POOL, r->pool.free);
	r->corrupted_kb = corrupted_kb();
	ASSERT_EQ(0, hugepage_create(&r->hp, SIZE_2M));
	for (page = 0; page < NR; page++)
		pattern_fill(r->hp.map + page * BASE_PAGE, page * BASE_PAGE,
			     sizeof(uint64_t));
}

static void let_go(struct race *r)
{
	hugepage_close(&r->hp);
	r->hp.fd = -1;
}

/*
 * Rules 3, 12, 15: exactly the pages that were hit are marked and out of use,
 * and each of them is counted once.
 */
static void expect_marked(struct __test_metadata *_metadata, struct race *r)
{
	static uint64_t flags[NR];
	size_t page;

	ASSERT_EQ(0, page_flags_read(r->hp.pa / BASE_PAGE, NR, flags));
	for (page = 0; page < NR; page++) {
		ASSERT_EQ(r->raw[page], !!(flags[page] & PAGE_HWPOISON)) {
			TH_LOG("base page %zu", page);
		}
		if (r->raw[page])
			ASSERT_FALSE(flags[page] & (PAGE_BUDDY | PAGE_HUGE));
	}
	ASSERT_EQ(r->corrupted_kb + 4 * count_raw(r), corrupted_kb());
}

/* Rule 14. */
static void expect_pool(struct __test_metadata *_metadata, struct race *r,
			long lost)
{
	struct pool pool;

	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	ASSERT_EQ(r->pool.nr - lost, pool.nr);
	ASSERT_EQ(r->pool.free - lost, pool.free);
	ASSERT_EQ(r->pool.node_nr - lost, pool.node_nr);
	ASSERT_EQ(r->pool.node_free - lost, pool.node_free);
	ASSERT_EQ(0, pool.resv);
	ASSERT_EQ(0, pool.surplus);
	ASSERT_EQ(0, pool.node_surplus);
}

/* Rule 16: unpoisoning leaves nothing of a simulated error behind. */
static void repair(struct __test_metadata *_metadata, struct race *r)
{
	size_t page;

	for (page = 0; page < NR; page++)
		if (r->raw[page])
			ASSERT_EQ(0, write_pfn(unpoison_fd, r->hp.pa /
					       BASE_PAGE + page)) {
				TH_LOG("base page %zu", page);
			}
	ASSERT_EQ(r->corrupted_kb, corrupted_kb());
}

static void resize_back(struct __test_metadata *_metadata, struct race *r)
{
	ASSERT_EQ(r->pool.nr, pool_set(SIZE_2M, r->pool.nr));
	expect_pool(_metadata, r, 0);
}

/*
 * Reading the flags of a tail page while its folio is dissolved can trip the
 * kernel's debugging.  So the log shows that the folio is gone.
 */
static bool is_gone(const struct race *r)
{
	return !kmsg_count(": recovery action for huge page: Recovered") ||
	       kmsg_count("%#lx: kept huge page left the pool",
			  (unsigned long)(r->hp.pa / BASE_PAGE));
}

/* Call this when the last reference has gone, or will go by itself. */
static void expect_end(struct __test_metadata *_metadata, struct race *r,
		       bool resized)
{
	long lost = count_raw(r) > 0;

	ASSERT_TRUE(soon(is_gone(r)));
	expect_marked(_metadata, r);
	if (resized)
		resize_back(_metadata, r);
	else
		expect_pool(_metadata, r, lost);
	if (!r->real)
		repair(_metadata, r);
}

static void race_open(struct __test_metadata *_metadata, struct race *r)
{
	r->hp.fd = -1;
	sigbus_catch();
	corrupt_fd = open("/sys/kernel/debug/hwpoison/corrupt-pfn", O_WRONLY);
	unpoison_fd = open("/sys/kernel/debug/hwpoison/unpoison-pfn", O_WRONLY);
	ASSERT_LE(0, corrupt_fd);
	ASSERT_LE(0, unpoison_fd);
	ASSERT_EQ(0, duel_open(&r->duel));
}

/* After a failure: how to repeat the rounds since the folio was made. */
static void race_report(struct __test_metadata *_metadata,
			const struct race *r)
{
	if (__test_passed(_metadata))
		printf("races: --seed %#lx: %lu rounds, in %lu of them at once, %.0f and %.0f kcycles\n",
		       seed, r->duel.rounds, r->duel.met,
		       r->duel.side[0].mean / 1e3, r->duel.side[1].mean / 1e3);
	else
		TH_LOG("to have this again: races --seed %#lx --round %ld --rounds %ld",
		       seed, r->folio_round, r->round - r->folio_round + 1);
	fflush(stdout);
}

#endif /* RACE_H */
