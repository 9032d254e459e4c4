// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much memory do random errors cost?  Runs in the lab on one kernel, under
 * the policy unless MFR_CONTROL=1.  README.md says what is measured.
 *
 *	lost PAGE_BYTES ERRORS REAL_PAGES NAMED AFTER_EXIT RULE_REAL RULE_ALL
 *
 * The last four are bytes: reported as lost by SIGBUS; unusable once the file
 * is closed ("-": it is open); lost by the rule in the real pages, which must
 * be the same; lost by the rule in all pages.
 */
#define _GNU_SOURCE
#include <linux/memfd.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "hugepage.h"
#include "kmsg.h"
#include "need.h"
#include "pageflags.h"
#include "pool.h"
#include "sigbus.h"

#define LEFT_THE_POOL	"kept huge page left the pool"

#define PAGES		64	/* over which errors are spread */
#define ERRORS_MAX	4096
#define SEED		1

static const size_t counts[] = { 1, 16, 256, ERRORS_MAX };

#define COUNTS	(sizeof(counts) / sizeof(*counts))

/*
 * If memory is short, not all pages are real: errors in the others are only
 * counted.  The pages that are hit first are the real ones.
 */
struct run {
	struct file f;
	size_t real;			/* pages */
	size_t next_real;		/* the first without an error */
	long place[PAGES];		/* in the file; -1: none so far */
	unsigned long pfn[PAGES];	/* by place */
	bool *hit;			/* by base page, of all pages */
	bool *named;			/* by base page of the file */
	bool named_huge[PAGES];		/* by place */
};

static size_t base_pages(const struct run *r)
{
	return r->f.page / BASE_PAGE;
}

static void run_start(struct run *r, size_t page, size_t real)
{
	size_t i;

	*r = (struct run){
		.f = file_create(page, real, !policy_omitted()),
		.real = real,
		.hit = calloc(PAGES * (page / BASE_PAGE), sizeof(bool)),
		.named = calloc(real * (page / BASE_PAGE), sizeof(bool)),
	};
	need(r->hit && r->named, "note the errors");
	srandom(SEED);
	for (i = 0; i < PAGES; i++)
		r->place[i] = -1;
	for (i = 0; i < real; i++) {
		*(volatile char *)(r->f.map + i * page) = 1;
		r->pfn[i] = pagemap_pfn(r->f.map + i * page);
		need(r->pfn[i], "see where a huge page is");
	}
}

/* Note what the signal reports as lost; repeats count once. */
static void note_named(struct run *r, const struct sigbus *seen)
{
	size_t offset = seen->addr - (uintptr_t)r->f.map;
	size_t granule = 1UL << seen->lsb;

	if (granule == r->f.page)
		r->named_huge[offset / r->f.page] = true;
	else if (granule == BASE_PAGE)
		r->named[offset / BASE_PAGE] = true;
	else
		die("know what to do with a granule of %zu bytes", granule);
}

/* Poison a line and load it. */
static void consume(struct run *r, size_t place, size_t offset)
{
	uint64_t pa = r->pfn[place] * BASE_PAGE + offset;
	struct sigbus seen;

	need(!lab_poison_add(pa, 1), "poison memory");
	if (!sigbus_on_load(r->f.map + place * r->f.page + offset, &seen))
		die("get SIGBUS for a load");
	lab_poison_del(pa, 1);
	note_named(r, &seen);
}

static void error_somewhere(struct run *r)
{
	size_t page = random() % PAGES, base = random() % base_pages(r);
	size_t line = random() % (BASE_PAGE / LAB_POISON_LINE_BYTES);

	r->hit[page * base_pages(r) + base] = true;
	if (r->place[page] < 0 && r->next_real < r->real)
		r->place[page] = r->next_real++;
	if (r->place[page] >= 0)
		consume(r, r->place[page], base * BASE_PAGE +
			line * LAB_POISON_LINE_BYTES);
}

static size_t named_bytes(const struct run *r)
{
	size_t i, base, bytes = 0;

	for (i = 0; i < r->real; i++)
		for (base = 0; base < base_pages(r); base++)
			if (r->named_huge[i] ||
			    r->named[i * base_pages(r) + base])
				bytes += BASE_PAGE;
	return bytes;
}

/* With the policy, each base page hit is lost; without, the huge page. */
static size_t rule_bytes(const struct run *r, bool all)
{
	size_t page, base, hit, bytes = 0;

	for (page = 0; page < PAGES; page++) {
		if (!all && r->place[page] < 0)
			continue;
		for (base = hit = 0; base < base_pages(r); base++)
			hit += r->hit[page * base_pages(r) + base];
		if (policy_omitted())
			bytes += hit ? r->f.page : 0;
		else
			bytes += hit * BASE_PAGE;
	}
	return bytes;
}

/* The number of poisoned base pages that are not part of a huge page now. */
static size_t raw_pages(const struct run *r)
{
	uint64_t *flags = calloc(base_pages(r), sizeof(*flags));
	size_t i, base, n = 0;

	need(flags, "read page flags");
	for (i = 0; i < r->real; i++) {
		need(!page_flags_read(r->pfn[i], base_pages(r), flags),
		     "read page flags");
		for (base = 0; base < base_pages(r); base++)
			n += (flags[base] & PAGE_HWPOISON) &&
			     !(flags[base] & PAGE_HUGE);
	}
	free(flags);
	return n;
}

/*
 * Unusable are huge pages that are neither free in the pool nor have left it,
 * and the raw pages of those that have left it.
 */
static size_t close_and_count(struct run *r)
{
	struct pool before, after;
	size_t page = r->f.page;

	need(!pool_read(page, &before), "read the pool");
	kmsg_start();
	file_close(&r->f);
	if (!policy_omitted())
		need(kmsg_await(LEFT_THE_POOL, r->next_real),
		     "see the pages released");
	need(!pool_read(page, &after), "read the pool");
	return (before.free + r->real - after.free) * page -
	       (before.nr - after.nr) * page + raw_pages(r) * BASE_PAGE;
}

static void report(const struct run *r, size_t errors, const char *after_exit)
{
	printf("lost %zu %zu %zu %zu %s %zu %zu\n", r->f.page, errors, r->real,
	       named_bytes(r), after_exit, rule_bytes(r, false),
	       rule_bytes(r, true));
	fflush(stdout);
}

static void run_end(struct run *r, size_t errors)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", close_and_count(r));
	report(r, errors, text);
	free(r->hit);
	free(r->named);
}

/* One file per number of errors. */
static void all_are_real(size_t page)
{
	static struct run r;
	size_t i, n;

	for (i = 0; i < COUNTS; i++) {
		run_start(&r, page, PAGES);
		for (n = 0; n < counts[i]; n++)
			error_somewhere(&r);
		run_end(&r, counts[i]);
	}
}

/* One file for all numbers of errors, as large as the pool. */
static void some_are_real(size_t page)
{
	static struct run r;
	struct pool pool;
	size_t i, n = 0;

	need(!pool_read(page, &pool) && pool.free > 0, "have huge pages");
	run_start(&r, page, pool.free);
	for (i = 0; i < COUNTS; i++) {
		while (n < counts[i]) {
			error_somewhere(&r);
			n++;
		}
		if (n < ERRORS_MAX)
			report(&r, n, "-");
	}
	run_end(&r, n);
}

/* Any argument means quick: skip what needs much memory. */
int main(int argc, char **argv)
{
	bool quick = argc > 1 && argv[1];
	int64_t missed = lab_poison_missed();
	long taint = kernel_taint();

	if (missed < 0)
		die("break memory here, use lab/vm run");
	need(!kmsg_start() && !kmsg_console(false), "set the log up");
	sigbus_catch();
	all_are_real(SIZE_2M);
	if (!quick)
		some_are_real(SIZE_1G);
	kmsg_console(true);
	if (kernel_taint() != taint || lab_poison_missed() != missed)
		die("trust these figures: the kernel is tainted, or loads of poison were missed");
	printf("end\n");
	return 0;
}
