// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of memory failures, and of the support for them where there is no
 * error.  Runs in the lab on one kernel, under the policy unless MFR_CONTROL=1.
 * README.md says what each figure means.  One line per figure:
 *
 *	figure NAME SAMPLES Q1 MEDIAN Q3 Q1 MEDIAN Q3
 *
 * with quartiles of instructions, then of nanoseconds.
 */
#define _GNU_SOURCE
#include <count.h>
#include <errno.h>
#include <fcntl.h>
#include <mfr.h>
#include <poison.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cost.h"
#include "file.h"
#include "hugepage.h"
#include "kmsg.h"
#include "need.h"
#include "pageflags.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"
#include "sigbus.h"

#define LEFT_THE_POOL	"kept huge page left the pool"

#define SAMPLES_MAX	1024

/* Measurements of one thing. */
struct series {
	size_t n;
	struct cost costs[SAMPLES_MAX];
};

static void add(struct series *s, struct cost c)
{
	need(s->n < SAMPLES_MAX, "hold so many measurements");
	s->costs[s->n++] = c;
}

static void figure(const char *name, struct series *s)
{
	struct cost q[4];
	unsigned int i;

	for (i = 1; i <= 3; i++)
		q[i] = cost_quartile(s->costs, s->n, i);
	printf("figure %s %zu %ld %ld %ld %ld %ld %ld\n", name, s->n,
	       q[1].insns, q[2].insns, q[3].insns, q[1].ns, q[2].ns, q[3].ns);
	fflush(stdout);
	s->n = 0;
}

static void touch_each(const struct file *f, struct series *s)
{
	struct cost start;
	size_t i;

	for (i = 0; i < f->pages; i++) {
		start = cost_now();
		*(volatile char *)(f->map + i * f->page) = 1;
		add(s, cost_since(start));
	}
}

static void punch(const struct file *f, size_t first, size_t n)
{
	need(!fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			first * f->page, n * f->page), "punch a hole");
}

static void punch_each(const struct file *f, struct series *s)
{
	struct cost start;
	size_t i;

	for (i = 0; i < f->pages; i++) {
		start = cost_now();
		punch(f, i, 1);
		add(s, cost_since(start));
	}
}

/* The cost to every program that uses huge pages, without any error. */
#define ROUNDS		8
#define ROUND_PAGES	64

static void hugetlb_figures(bool policy)
{
	static struct series fault, refault, release;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct file f = file_create(SIZE_2M, ROUND_PAGES, policy);

		touch_each(&f, &fault);
		need(!madvise(f.map, f.page * f.pages, MADV_DONTNEED),
		     "unmap huge pages");
		touch_each(&f, &refault);
		punch_each(&f, &release);
		file_close(&f);
	}
	figure(policy ? "fault_policy" : "fault", &fault);
	figure(policy ? "refault_policy" : "refault", &refault);
	figure(policy ? "free_policy" : "free", &release);
}

/* The cost to other programs: 2 MiB of anonymous memory, in 4 KiB or 2 MiB. */
static void anonymous_figure(const char *name, int advice)
{
	static struct series release;
	struct cost start;
	int i;

	for (i = 0; i < ROUNDS * ROUND_PAGES / 2; i++) {
		char *p = mmap(NULL, 2 * SIZE_2M, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		char *at = (char *)(((uintptr_t)p + SIZE_2M - 1) & -SIZE_2M);

		need(p != MAP_FAILED, "map anonymous memory");
		madvise(at, SIZE_2M, advice);
		memset(at, 1, SIZE_2M);
		start = cost_now();
		munmap(at, SIZE_2M);
		add(&release, cost_since(start));
		munmap(p, 2 * SIZE_2M);
	}
	figure(name, &release);
}

static void anonymous_figures(void)
{
	anonymous_figure("free_base_pages", MADV_NOHUGEPAGE);
	anonymous_figure("free_thp", MADV_HUGEPAGE);
}

/* Spread errors evenly over a folio, out of order, each once: MIX is odd. */
#define MIX	40503

struct damage {
	struct hugepage hp;
	size_t total;		/* a power of two */
	size_t done;
};

static size_t next_offset(struct damage *d)
{
	return d->done++ * MIX % d->total * (d->hp.size / d->total);
}

static struct cost inject_next(struct damage *d)
{
	unsigned long pfn = hugepage_pfn(&d->hp, next_offset(d));
	struct cost start = cost_now();

	error_inject_pfn(pfn);
	return cost_since(start);
}

/* A SIGBUS handler that notes the time and then calls the previous one. */
static struct sigaction handler;
static struct cost at_handler;

static void note_time(int sig, siginfo_t *info, void *ucontext)
{
	at_handler = cost_now();
	handler.sa_sigaction(sig, info, ucontext);
}

static void note_time_of_sigbus(void)
{
	struct sigaction action;

	need(!sigaction(SIGBUS, NULL, &handler), "ask for the handler");
	action = handler;
	action.sa_sigaction = note_time;
	need(!sigaction(SIGBUS, &action, NULL), "handle SIGBUS");
}

/*
 * A worker logs each machine check.  Let it finish the last one now: after a
 * second of starvation workers would run in spite of our priority.
 */
static void wait_for_workers(void)
{
	usleep(2000);
}

/* The cost from the load to the handler. */
static struct cost consume_next(struct damage *d)
{
	size_t offset = next_offset(d);
	struct sigbus seen;
	struct cost start;
	bool hit;

	wait_for_workers();
	need(!lab_poison_add(d->hp.pa + offset, 1), "poison memory");
	start = cost_now();
	hit = sigbus_on_load(d->hp.map + offset, &seen);
	lab_poison_del(d->hp.pa + offset, 1);
	need(hit && seen.code == BUS_MCEERR_AR, "get SIGBUS for a load");
	return cost_between(start, at_handler);
}

/*
 * The first error in each of several pages, consumed by the program: anonymous
 * base pages, or huge pages.
 */
#define SAMPLES		33

static void consumed_each(const char *name, char *map, size_t page)
{
	static struct series s;
	struct damage d;
	size_t i;

	for (i = 0; i < SAMPLES; i++)
		*(volatile char *)(map + i * page) = 1;
	for (i = 0; i < SAMPLES; i++) {
		char *at = map + i * page;

		d = (struct damage){
			.hp = { .size = page, .map = at,
				.pa = pagemap_pfn(at) * BASE_PAGE },
			.total = 1,
		};
		add(&s, consume_next(&d));
	}
	figure(name, &s);
}

static void consumed_figures(void)
{
	char *map = mmap(NULL, SIZE_2M, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct file f;

	need(map != MAP_FAILED && !madvise(map, SIZE_2M, MADV_NOHUGEPAGE),
	     "map base pages");
	consumed_each("consumed_base", map, BASE_PAGE);
	f = file_create(SIZE_2M, SAMPLES, !policy_omitted());
	consumed_each("consumed_2m", f.map, SIZE_2M);
	file_close(&f);
	munmap(map, SIZE_2M);
	lab_poison_clear();
}

static void gigantic_create(struct damage *d, size_t total)
{
	*d = (struct damage){ .total = total };
	need(!hugepage_create(&d->hp, SIZE_1G), "get a page of 1 GiB");
}

/* A work item finishes the release; its last act is a line in the log. */
static struct cost gigantic_release(struct damage *d)
{
	struct cost start;

	kmsg_start();
	start = cost_now();
	hugepage_close(&d->hp);
	if (d->done && !policy_omitted())
		need(kmsg_await(LEFT_THE_POOL, 1), "see the page released");
	return cost_since(start);
}

/* How many 1 GiB pages to break; the script's pool has to suffice. */
#define FRESH_EACH	2	/* first errors and releases of each kind */
#define HEALTHY		3

static void healthy_releases(void)
{
	static struct series release, shrink;
	struct damage d;
	struct pool pool;
	struct cost start;
	int i;

	for (i = 0; i < HEALTHY; i++) {
		gigantic_create(&d, 1);
		add(&release, gigantic_release(&d));
	}
	figure("release_0", &release);
	need(!pool_read(SIZE_1G, &pool), "read the pool of 1 GiB pages");
	start = cost_now();
	need(pool_set(SIZE_1G, pool.nr - 1) == pool.nr - 1,
	     "shrink the pool of 1 GiB pages");
	add(&shrink, cost_since(start));
	figure("shrink", &shrink);
}

/* The cost of the first error in each page is added to @firsts. */
static void releases(const char *name, size_t n,
		     struct cost (*raise)(struct damage *d),
		     struct series *firsts)
{
	static struct series release;
	struct damage d;
	struct cost c;
	int i;

	for (i = 0; i < FRESH_EACH; i++) {
		gigantic_create(&d, n);
		add(firsts, raise(&d));
		while (d.done < n)
			raise(&d);
		lab_poison_clear();
		c = gigantic_release(&d);
		if (!policy_omitted())
			add(&release, c);
	}
	if (release.n && name)
		figure(name, &release);
	release.n = 0;
}

static void nth_figure(const char *what, size_t n, struct series *s)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%zu", what, n);
	figure(name, s);
}

/*
 * The last errors up to the @n-th.  Without the policy the first error unmaps
 * the page, so no later one is consumed.  Memory that is watched for poison is
 * slower, so errors are consumed last.
 */
static void nth(struct damage *d, size_t n)
{
	static struct series s;

	while (d->done < n - 2 * SAMPLES)
		inject_next(d);
	while (d->done < n - SAMPLES)
		add(&s, inject_next(d));
	nth_figure("error", n, &s);
	if (policy_omitted())
		return;
	sleep(1);	/* let workers starved by thousands of errors run */
	while (d->done < n)
		add(&s, consume_next(d));
	nth_figure("consumed", n, &s);
	lab_poison_clear();
}

static void many_errors(void)
{
	static struct series release;
	struct damage d;

	gigantic_create(&d, 65536);
	nth(&d, 1024);
	nth(&d, 4096);
	if (policy_omitted())
		return;	/* 65,536 would take half a minute */
	nth(&d, d.total);
	add(&release, gigantic_release(&d));
	figure("release_65536", &release);
}

static void gigantic_figures(void)
{
	static struct series reported, consumed;

	healthy_releases();
	releases("release_1", 1, inject_next, &reported);
	releases(NULL, 1, consume_next, &consumed);
	if (!policy_omitted())
		releases("release_1024", 1024, inject_next, &reported);
	figure("error_1", &reported);
	figure("consumed_1", &consumed);
	many_errors();
}

/* One error in each of many huge pages. */
#define FOLIOS		1000
#define ENDS		100

static void error_in_each(const struct file *f, size_t first, size_t n,
			  struct series *s)
{
	struct cost start;
	size_t i;

	for (i = first; i < first + n; i++) {
		unsigned long pfn = pagemap_pfn(f->map + i * f->page);

		start = cost_now();
		error_inject_pfn(pfn + 7);
		add(s, cost_since(start));
	}
}

static void release_many(const struct file *f)
{
	static struct series s;
	struct cost start, c;
	size_t i;

	kmsg_start();
	for (i = 0; i < ENDS; i++) {
		start = cost_now();
		punch(f, i, 1);
		need(kmsg_await(LEFT_THE_POOL, 1), "see a page released");
		add(&s, cost_since(start));
	}
	figure("release_folio", &s);
	start = cost_now();
	punch(f, ENDS, FOLIOS - ENDS);
	need(kmsg_await(LEFT_THE_POOL, FOLIOS - ENDS), "see pages released");
	c = cost_since(start);
	c.insns /= FOLIOS - ENDS;
	c.ns /= FOLIOS - ENDS;
	add(&s, c);
	figure("release_folios", &s);
}

static void folio_figures(void)
{
	static struct series first, others, last;
	struct file f = file_create(SIZE_2M, FOLIOS, !policy_omitted());
	size_t i;

	for (i = 0; i < FOLIOS; i++)
		*(volatile char *)(f.map + i * f.page) = 1;
	error_in_each(&f, 0, ENDS, &first);
	error_in_each(&f, ENDS, FOLIOS - 2 * ENDS, &others);
	error_in_each(&f, FOLIOS - ENDS, ENDS, &last);
	figure("error_first_folios", &first);
	figure("error_last_folios", &last);
	if (!policy_omitted())
		release_many(&f);
	file_close(&f);
}

/* The cost from a load of poison to the library's event. */
static struct cost event_of(struct mfr_context *context, struct mfr_region *r,
			    uint64_t offset)
{
	struct mfr_event event = { .size = sizeof(event) };
	struct cost start;
	char byte;

	need(!lab_poison_add(lab_pa((char *)mfr_region_address(r) + offset), 1),
	     "poison memory");
	wait_for_workers();
	start = cost_now();
	mfr_read(r, offset, &byte, 1);
	need(mfr_event_next(context, &event) == 1, "get an event");
	return cost_since(start);
}

static void event_figure(void)
{
	static struct series told;
	struct mfr_region_options options = {
		.size = sizeof(options), .bytes = SAMPLES * SIZE_2M,
		.page_bytes = SIZE_2M, .flags = MFR_REGION_PREALLOC,
	};
	struct mfr_context *context;
	struct mfr_region *r;
	size_t i;

	need(!pool_want(SIZE_2M, SAMPLES), "get huge pages");
	need(!mfr_context_create(NULL, &context) &&
	     !mfr_sigbus_install(context, 0) &&
	     !mfr_region_create(context, &options, &r), "create a region");
	memset(mfr_region_address(r), 1, options.bytes);
	for (i = 0; i < SAMPLES; i++)
		add(&told, event_of(context, r, i * SIZE_2M + BASE_PAGE));
	lab_poison_clear();
	mfr_region_destroy(r);
	need(!mfr_sigbus_uninstall(context), "give the handler back");
	mfr_context_destroy(context);
	figure("to_event", &told);
}

/*
 * Work that the kernel defers to a worker, such as the log of a machine check,
 * then runs only when this program sleeps, never at random in a measurement.
 */
static void run_ahead_of_workers(void)
{
	struct sched_param param = { .sched_priority = 1 };

	need(!sched_setscheduler(0, SCHED_FIFO, &param),
	     "get a real-time priority");
}

/* Any argument means quick: skip what needs much memory. */
int main(int argc, char **argv)
{
	bool quick = argc > 1 && argv[1];
	int64_t missed = lab_poison_missed();
	long taint = kernel_taint();

	if (lab_count_start())
		die("count instructions here, use lab/vm run");
	need(!kmsg_start() && !kmsg_console(false), "set the log up");
	run_ahead_of_workers();
	sigbus_catch();
	note_time_of_sigbus();
	hugetlb_figures(false);
	if (!policy_omitted())
		hugetlb_figures(true);
	anonymous_figures();
	consumed_figures();
	event_figure();
	if (!quick) {
		folio_figures();
		gigantic_figures();
	}
	kmsg_console(true);
	if (kernel_taint() != taint || lab_poison_missed() != missed)
		die("trust these figures: the kernel is tainted, or loads of poison were missed");
	printf("end\n");
	return 0;
}
