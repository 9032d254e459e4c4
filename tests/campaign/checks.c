// SPDX-License-Identifier: GPL-2.0-only
#include "checks.h"

#include <errno.h>
#include <poison.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>

#include "fdinfo.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pattern.h"
#include "polling.h"
#include "pool.h"
#include "view.h"

#define BASE_PAGE_SHIFT	12
#define RELEASES_MAX	FOLIOS_MAX

/* Folios with raw pages that ended in this step. */
static int releases[RELEASES_MAX];
static unsigned int n_releases;

/* Raw pages of the latest releases. */
#define LATEST_MAX	1024
static unsigned long latest[LATEST_MAX];
static unsigned long n_latest;

/*
 * True as soon as @condition is. A wrong model is found out all the same if it
 * is given up earlier.
 */
#define BROKEN_TRIES	40
#define settles(condition) ({						\
	int left_ = BROKEN_TRIES;					\
									\
	while (broken && left_-- && !(condition))			\
		poll_pause();						\
	broken ? (condition) : poll_until(condition);			\
})

/* What the log had of each in this step, without what is not collected yet. */
static long logged_news, logged_known, logged_all, logged_reports;

struct frames frames;

void checks_begin_step(void)
{
	kmsg_forget();
	logged_news = logged_known = logged_all = 0;
	n_releases = 0;
	model->log_news = model->log_known = model->log_released = 0;
	model->log_maybe = 0;
	memset(model->step, 0, sizeof(model->step));
}

/*
 * Contents
 */

/* All that is written and punched has bounds of words. */
static bool is_zero(const char *data, size_t from, size_t to)
{
	const uint64_t *word = (const uint64_t *)(data + from);
	const uint64_t *end = (const uint64_t *)(data + to);

	while (word < end)
		if (*word++)
			return false;
	return true;
}

static bool wrong_content(int folio, unsigned int page, size_t offset)
{
	const struct folio_model *f = &model->folio[folio];
	char what[128];

	model->lost_bytes += BASE_PAGE;
	snprintf(what, sizeof(what), "contents of page %u of slot %d of file %d",
		 page, f->slot, f->file);
	return expect_number(what, -1, offset);
}

/* Part of the page that no punch has zeroed since. */
static bool check_written(int folio, unsigned int page, const char *data,
			  size_t from, size_t to)
{
	const struct page_model *p = page_model(folio, page);
	size_t start = (size_t)p->stamp * BASE_PAGE;
	long bad;

	if (from >= to)
		return true;
	if (!p->stamp)
		return is_zero(data, from, to) ||
		       wrong_content(folio, page, from);
	bad = pattern_check(data + from, start + from, to - from);
	return bad < 0 || wrong_content(folio, page, bad - start);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* @data is the page, of which [@from, @to) is looked at, in words. */
bool check_bytes(int folio, unsigned int page, const char *data, size_t from,
		 size_t to)
{
	const struct page_model *p = page_model(folio, page);
	size_t zero_from = most(from, p->zero_from);
	size_t zero_to = least(to, p->zero_to);

	if (zero_from >= zero_to)
		return check_written(folio, page, data, from, to);
	if (!is_zero(data, zero_from, zero_to))
		return wrong_content(folio, page, zero_from);
	return check_written(folio, page, data, from, zero_from) &&
	       check_written(folio, page, data, zero_to, to);
}

bool check_page(int folio, unsigned int page, unsigned int nth)
{
	const char *addr = view_folio(folio, nth);

	if (!addr || page_model(folio, page)->state == PAGE_REAL)
		return true;
	return check_bytes(folio, page, addr + page * BASE_PAGE, 0, BASE_PAGE);
}

/* Of a page of a gigantic folio that nobody wrote to, a word. */
static bool check_page_of_all(int folio, unsigned int page)
{
	const char *addr = view_folio(folio, page);

	if (folio != GIGANTIC || page_model(folio, page)->stamp ||
	    page_is_raw(folio, page))
		return check_page(folio, page, page);
	return !addr || check_bytes(folio, page, addr + page * BASE_PAGE, 0,
				    sizeof(uint64_t));
}

static bool check_folio(int folio)
{
	unsigned int page;

	for (page = 0; page < folio_pages(folio); page++)
		if (!check_page_of_all(folio, page))
			return false;
	return true;
}

/* The folio is where it was, for the kernel may not move it. */
static bool check_place(int folio)
{
	const char *addr = view_folio(folio, 0);
	unsigned int page = 0, pages = folio_pages(folio);

	while (page < pages && page_is_raw(folio, page))
		page++;
	if (!addr || page == pages)
		return true;
	addr += page * BASE_PAGE;
	(void)*(volatile const char *)addr;
	return expect_number("page frame", page_pfn(folio, page),
			     pagemap_pfn(addr));
}

#define SAMPLE_FOLIOS	3
#define SAMPLE_PAGES	2

bool check_sample(struct rng *rng)
{
	int folio, i, n;

	for (n = 0; n < SAMPLE_FOLIOS; n++) {
		folio = rng_below(rng, FOLIOS_MAX);
		if (!model->folio[folio].live)
			continue;
		for (i = 0; i < SAMPLE_PAGES; i++)
			if (!check_page(folio,
					rng_below(rng, folio_pages(folio)), i))
				return false;
	}
	return true;
}

static bool check_some_raw(int folio, struct rng *rng)
{
	unsigned int pages = folio_pages(folio);
	unsigned int page = folio_next_raw(folio, rng_below(rng, pages), pages);

	return page == pages || check_raw_load(folio, page, rng_below(rng, 8));
}

bool check_all_contents(struct rng *rng)
{
	int folio;

	for (folio = 0; folio < FOLIOS_MAX; folio++)
		if (model->folio[folio].live &&
		    !(check_folio(folio) && check_some_raw(folio, rng) &&
		      check_place(folio)))
			return false;
	return true;
}

/*
 * Signals
 */

bool check_signal(int folio, unsigned int page, const struct sigbus *seen)
{
	int granule = broken == BREAK_GRANULE ? 21 : BASE_PAGE_SHIFT;

	return expect_number("si_code of SIGBUS", BUS_MCEERR_AR, seen->code) &&
	       expect_number("si_addr_lsb of SIGBUS", granule, seen->lsb) &&
	       expect_number("si_addr of SIGBUS is the raw page", true,
			     view_is_page(folio, page, seen->addr));
}

bool check_raw_load(int folio, unsigned int page, unsigned int nth)
{
	const struct page_model *p = page_model(folio, page);
	const char *addr = view_folio(folio, nth);
	bool real = p->state == PAGE_REAL;
	struct sigbus seen;
	bool hit;

	if (!addr)
		return true;
	addr += page * BASE_PAGE + p->line * LAB_POISON_LINE_BYTES;
	hit = sigbus_on_load(addr, &seen);
	model->hits += real;
	if (real)
		model_repeat(folio);
	return expect_number("SIGBUS at a load of a raw page", real, hit) &&
	       (!hit || check_signal(folio, page, &seen));
}

/*
 * fdinfo
 */

struct ranges {
	char text[1 << 16], *end;
	size_t from, to;
};

static void ranges_flush(struct ranges *r)
{
	if (r->from == r->to)
		return;
	r->end += sprintf(r->end, "%s%#zx+%#zx",
			  r->end == r->text ? "" : " ", r->from,
			  r->to - r->from);
}

static void ranges_add(struct ranges *r, size_t offset)
{
	if (offset != r->to || r->from == r->to) {
		ranges_flush(r);
		r->from = offset;
	}
	r->to = offset + BASE_PAGE;
}

static void ranges_of_file(struct ranges *r, int file)
{
	const struct file_model *fm = &model->file[file];
	unsigned int slot, page, pages = fm->size / BASE_PAGE;
	int folio;

	r->end = r->text;
	*r->end = '\0';
	r->from = r->to = 0;
	for (slot = 0; slot < SLOTS_MAX; slot++) {
		folio = fm->slot[slot];
		if (folio < 0 || !model->folio[folio].raw)
			continue;
		for (page = folio_next_raw(folio, 0, pages); page < pages;
		     page = folio_next_raw(folio, page + 1, pages))
			ranges_add(r, slot * fm->size + page * BASE_PAGE);
	}
	if (broken != BREAK_RANGES)
		ranges_flush(r);
}

/* In C, unlike in the kernel, 0 has no prefix; no file starts with that. */
static const char *with_prefix(const char *ranges)
{
	static char text[1 << 16];

	if (strncmp(ranges, "0+", 2))
		return ranges;
	snprintf(text, sizeof(text), "0x%s", ranges);
	return text;
}

bool check_fdinfo(int file)
{
	static struct ranges r;
	char what[64];

	ranges_of_file(&r, file);
	snprintf(what, sizeof(what), "lost ranges in fdinfo of file %d", file);
	/* A control is to be found out by what it does, not by what it says */
	return expect_text(what, with_prefix(r.text),
			   fdinfo_ranges(view.fd[file])) &&
	       (policy_omitted() ||
		expect_number("fdinfo says that the file has the policy", true,
			      fdinfo_policy(view.fd[file])));
}

/*
 * Pools and counters
 */

static bool same_pools(const struct pools *a, const struct pools *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/*
 * Reservations that go take surplus pages with them, from any node that has
 * some free; so do pages that become free, on their own node.  Who of several
 * is first is the kernel's choice, and decides if a raw folio that goes is a
 * surplus one or one of the others.
 */
static bool order_may_differ(const struct node_pool *m,
			     const struct node_pool *seen,
			     const struct pool_step *step)
{
	long rivals = step->unreserved + step->healthy;
	long less = (m->nr - m->surplus) - (seen->nr - seen->surplus);

	return seen->nr - seen->free == m->nr - m->free &&
	       seen->surplus >= m->surplus - step->unreserved &&
	       seen->surplus <= m->surplus &&
	       less <= MIN(rivals, step->raw_surplus) &&
	       -less <= MIN(rivals, step->raw_persistent);
}

/* Then the model follows. */
static void follow_order(struct pools *m, const struct pools *seen,
			 const struct pool_step *step)
{
	const struct node_pool all = { m->nr, m->free, m->surplus };
	struct node_pool sum = { seen->nr, seen->free, seen->surplus };
	int node;

	if (seen->resv != m->resv || !order_may_differ(&all, &sum, step))
		return;
	for (node = 0; node < NODES_MAX; node++) {
		if (!order_may_differ(&m->node[node], &seen->node[node], step))
			return;
		sum.nr -= seen->node[node].nr;
		sum.free -= seen->node[node].free;
		sum.surplus -= seen->node[node].surplus;
	}
	if (!sum.nr && !sum.free && !sum.surplus)
		*m = *seen;
}

static bool pools_agree(size_t size, struct pools *seen)
{
	int i = pool_index(size);

	pools_read(size, seen);
	follow_order(&model->pools[i], seen, &model->step[i]);
	return same_pools(&model->pools[i], seen);
}

static void print_pools(char *text, size_t room, const struct pools *p)
{
	int node, n;

	n = snprintf(text, room, "nr %ld free %ld resv %ld surplus %ld", p->nr,
		     p->free, p->resv, p->surplus);
	for (node = 0; node < nodes_count(); node++)
		n += snprintf(text + n, room - n,
			      "; node %d: nr %ld free %ld surplus %ld", node,
			      p->node[node].nr, p->node[node].free,
			      p->node[node].surplus);
}

/* A page of a ring or of a process comes back a moment after its end. */
static bool check_pool(size_t size)
{
	char expected[256], seen_text[256], what[64];
	struct pools seen;

	if (settles(pools_agree(size, &seen)))
		return true;
	snprintf(what, sizeof(what), "pool of %zu kB pages", size >> 10);
	print_pools(expected, sizeof(expected),
		    &model->pools[pool_index(size)]);
	print_pools(seen_text, sizeof(seen_text), &seen);
	return unexpected(what, expected, seen_text);
}

bool check_pools(void)
{
	return check_pool(SIZE_2M) &&
	       (!model->pools[POOL_1G].nr || check_pool(SIZE_1G));
}

bool check_counters(void)
{
	struct error_counters seen;
	const struct error_counters *want = &model->errors;

	error_counters_read(&seen);
	return expect_number("HardwareCorrupted in kB", want->corrupted_kb,
			     seen.corrupted_kb) &&
	       expect_number("memory_failure/total", want->total, seen.total) &&
	       expect_number("memory_failure/recovered", want->recovered,
			     seen.recovered) &&
	       expect_number("memory_failure/failed", want->failed,
			     seen.failed) &&
	       expect_number("memory_failure/ignored", want->ignored,
			     seen.ignored) &&
	       expect_number("memory_failure/delayed", want->delayed,
			     seen.delayed) &&
	       expect_number("action optional signals", 0,
			     sigbus_optional(NULL));
}

bool check_machine_checks(void)
{
	return expect_number("machine checks by loads", model->hits,
			     lab_poison_hits()) &&
	       expect_number("loads that the lab missed", 0,
			     lab_poison_missed());
}

void log_collect(void)
{
	logged_news +=
		kmsg_count("recovery action for huge page: Recovered");
	logged_known +=
		kmsg_count("recovery action for already poisoned page: Recovered");
	logged_all += kmsg_count("recovery action for ");
	logged_reports += kmsg_count("BUG:") + kmsg_count("WARNING:") +
			  kmsg_count("Oops") + kmsg_count("Bad page");
	kmsg_forget();
}

long log_reports(void)
{
	return logged_reports;
}

bool check_log(void)
{
	long news = model->log_news, known = model->log_known;

	log_collect();
	/* Whether it has all of them, the kernel's clock decides */
	if (logged_known < known && logged_known >= known - model->log_maybe)
		known = logged_known;
	return expect_number("results in the log for new raw pages", news,
			     logged_news) &&
	       expect_number("results in the log for known raw pages", known,
			     logged_known) &&
	       expect_number("all results in the log",
			     news + known + model->log_released, logged_all) &&
	       expect_number("reports of the kernel", 0, logged_reports);
}

/*
 * Releases
 */

void releases_note(int folio)
{
	if (!model->folio[folio].raw)
		return;
	releases[n_releases++] = folio;
	model->released++;
}

static bool said_to_be_gone(int folio)
{
	unsigned int lost = model->folio[folio].raw;

	if (broken == BREAK_RELEASE)
		lost++;
	return kmsg_count("%#lx: kept huge page left the pool: %u of %u base pages lost",
			  page_pfn(folio, 0), lost, folio_pages(folio));
}

/* The log speaks of it when all is done. */
static bool check_flags(int folio)
{
	static uint64_t flags[SIZE_1G / BASE_PAGE];
	unsigned int page, pages = folio_pages(folio);
	int err = page_flags_read(page_pfn(folio, 0), pages, flags);

	if (err)
		return impossible("read of kpageflags", err);
	for (page = 0; page < pages; page++) {
		bool raw = page_is_raw(folio, page);

		if (!expect_number("hwpoison flag after a release", raw,
				   !!(flags[page] & PAGE_HWPOISON)) ||
		    (raw && !expect_number("raw page is free", false,
					   !!(flags[page] & PAGE_BUDDY))))
			return false;
		frame_set(raw ? frames.raw : frames.freed,
			  page_pfn(folio, page));
		if (raw)
			latest[n_latest++ % LATEST_MAX] = page_pfn(folio, page);
	}
	return true;
}

unsigned long releases_raw_pfn(struct rng *rng)
{
	unsigned long n = n_latest < LATEST_MAX ? n_latest : LATEST_MAX;

	return n ? latest[rng_below(rng, n)] : 0;
}

bool check_releases(void)
{
	unsigned int i;

	for (i = 0; i < n_releases; i++)
		if (!expect_number("the log says that the folio left the pool",
				   true, settles(said_to_be_gone(releases[i]))) ||
		    !check_flags(releases[i]))
			return false;
	return expect_number("folios that the log says to have left the pool",
			     n_releases,
			     kmsg_count("kept huge page left the pool"));
}

static uint8_t *shared_bits(unsigned long n)
{
	void *bits = mmap(NULL, n / 8 + 1, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return bits == MAP_FAILED ? NULL : bits;
}

int frames_init(void)
{
	frames.end = nodes_end_pfn();
	if (frames.end > FRAMES_MAX)
		return -E2BIG;
	frames.raw = shared_bits(frames.end);
	frames.freed = shared_bits(frames.end);
	frames.taken = shared_bits(frames.end);
	return frames.raw && frames.freed && frames.taken ? 0 : -ENOMEM;
}
