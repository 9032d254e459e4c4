// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 3, 4, 11 to 15: an error races with everything that can happen
 * to a kept folio.  After each round the counters must be right: each base page
 * that was hit is lost, once, and no other one is.
 *
 *	races [--seed N] [--percent N] [--round N] [--rounds N] [OPTION]...
 *
 * Each round draws its random numbers from the seed and its own number, so
 * "--seed N --round R --rounds M -r NAME", as a failure prints it, repeats the
 * rounds of that folio, as far as the timing of two CPUs can be repeated.
 * --rounds replaces each test's own number of rounds; --percent scales that
 * number.  OPTIONs are the harness's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <poison.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "fdinfo.h"
#include "pin.h"
#include "race.h"
#include "slow.h"

/*
 * The end of a folio
 */

FIXTURE(end)
{
	struct race r;
};

FIXTURE_VARIANT(end)
{
	void (*prepare)(struct race *r);
	duel_action act;
	size_t before;	/* errors before the race, at least */
	bool resizes;	/* the pool, so that its figures change */
};

static void nothing(struct race *r)
{
	(void)r;
}

static void do_truncate(void *arg)
{
	struct race *r = arg;

	r->got = ftruncate(r->hp.fd, 0);
}

FIXTURE_VARIANT_ADD(end, truncate)
{
	.prepare = nothing,
	.act = do_truncate,
};

static void do_punch(void *arg)
{
	struct race *r = arg;

	r->got = fallocate(r->hp.fd, FALLOC_FL_PUNCH_HOLE |
			   FALLOC_FL_KEEP_SIZE, 0, SIZE_2M);
}

FIXTURE_VARIANT_ADD(end, punch)
{
	.prepare = nothing,
	.act = do_punch,
};

static void do_close(void *arg)
{
	let_go(arg);
}

FIXTURE_VARIANT_ADD(end, close)
{
	.prepare = nothing,
	.act = do_close,
};

/* Give the folio to a process that is its only user. */
static void give_to_child(struct race *r)
{
	int pair[2];
	pid_t pid;
	char c;

	if (pipe(pair))
		abort();
	/* Not into r->child: the child shares *r */
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)*(volatile char *)r->hp.map;
		close(pair[0]);
		close(pair[1]);
		for (;;)
			pause();
	}
	close(pair[1]);
	if (read(pair[0], &c, 1))
		abort();
	close(pair[0]);
	r->child = pid;
	let_go(r);
}

static void do_kill(void *arg)
{
	struct race *r = arg;

	kill(r->child, SIGKILL);
	waitpid(r->child, NULL, 0);
}

FIXTURE_VARIANT_ADD(end, kill)
{
	.prepare = give_to_child,
	.act = do_kill,
};

static void leave_to_pipe(struct race *r)
{
	char *page = r->hp.map + draw_page(r) * BASE_PAGE;

	r->got = pin_in_pipe(page, 1, &r->fd) == 1 ? 0 : -1;
	let_go(r);
}

static void leave_to_uring(struct race *r)
{
	char *page = r->hp.map + draw_page(r) * BASE_PAGE;

	r->fd = pin_long_term(page, BASE_PAGE);
	r->got = r->fd < 0 ? r->fd : 0;
	let_go(r);
}

static void do_unpin(void *arg)
{
	struct race *r = arg;

	close(r->fd);
}

FIXTURE_VARIANT_ADD(end, unpin)
{
	.prepare = leave_to_pipe,
	.act = do_unpin,
};

FIXTURE_VARIANT_ADD(end, unpin_long)
{
	.prepare = leave_to_uring,
	/* A long-term pin would migrate a healthy folio */
	.before = 1,
	.act = do_unpin,
};

/* The pool has the size that was set last, whatever the release does. */
static void do_close_and_resize(void *arg)
{
	struct race *r = arg;

	pool_set(SIZE_2M, draw_below(r, 2) ? r->pool.nr + 2 : 0);
	let_go(r);
	pool_set(SIZE_2M, draw_below(r, POOL));
}

FIXTURE_VARIANT_ADD(end, resize)
{
	.prepare = nothing,
	.act = do_close_and_resize,
	/* A healthy folio is freed to the buddy allocator by base's own code */
	.before = 1,
	.resizes = true,
};

FIXTURE_SETUP(end)
{
	race_open(_metadata, &self->r);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(end)
{
	race_report(_metadata, &self->r);
}

/* In some rounds there are errors before the race. */
static void hit_some_before(struct __test_metadata *_metadata, struct race *r,
			    size_t least)
{
	size_t n = least + draw_below(r, 3);

	while (n--) {
		r->hit[0] = draw_page(r);
		hit(r, 0);
		ASSERT_EQ(0, r->result[0]);
		r->raw[r->hit[0]] = true;
	}
}

/* Choose the pages to hit; some are hit twice. */
static void choose_hits(struct race *r)
{
	r->hits = 1 + draw_below(r, HITS);
	for (size_t i = 0; i < r->hits; i++)
		r->hit[i] = draw_below(r, 8) ? draw_below(r, NR) : 0;
}

/* An error in a lost page is refused as known; all others are accepted. */
static void note_hits(struct __test_metadata *_metadata, struct race *r)
{
	size_t i, page;

	for (i = 0; i < r->hits; i++) {
		page = r->hit[i];
		ASSERT_EQ(r->raw[page] ? -EHWPOISON : 0, r->result[i]) {
			TH_LOG("base page %zu", page);
		}
		r->raw[page] = true;
	}
}

static void end_round(struct __test_metadata *_metadata, struct race *r,
		      const FIXTURE_VARIANT(end) *variant)
{
	make_folio(_metadata, r);
	hit_some_before(_metadata, r, variant->before);
	choose_hits(r);
	r->got = 0;
	variant->prepare(r);
	ASSERT_LE(0, r->got);
	duel_fight(&r->duel, variant->act, hit_all, r, draw(r));
	ASSERT_EQ(0, r->got);
	if (r->hp.fd >= 0)
		let_go(r);
	note_hits(_metadata, r);
	expect_end(_metadata, r, variant->resizes);
}

TEST_F_TIMEOUT(end, of_a_folio, 600)
{
	struct race *r = &self->r;
	long i, n = rounds_of(60);

	for (i = first_round; i < first_round + n; i++) {
		start_round(r, i);
		end_round(_metadata, r, variant);
	}
	duel_close(&r->duel);
}

/*
 * The beginning of a folio: an error arrives while the first fault clears the
 * folio, or just before or after that.
 */

FIXTURE(begin)
{
	struct race r;
};

FIXTURE_SETUP(begin)
{
	race_open(_metadata, &self->r);
	if (!policy_omitted())
		ASSERT_EQ(0, slow_return("mf_keep_memory_failure", 30));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(begin)
{
	slow_end();
	race_report(_metadata, &self->r);
}

static void do_touch(void *arg)
{
	struct race *r = arg;

	*(volatile char *)r->hp.map = 1;
}

/* The pool hands out the page that it got last, so the folio is known. */
static void make_file(struct __test_metadata *_metadata, struct race *r)
{
	make_folio(_metadata, r);
	let_go(r);
	r->hp.fd = hugepage_memfd(SIZE_2M);
	ASSERT_LE(0, r->hp.fd);
	ASSERT_EQ(0, ftruncate(r->hp.fd, SIZE_2M));
	r->hp.map = hugepage_map(&r->hp);
	ASSERT_NE(NULL, r->hp.map);
}

/*
 * Before a folio is in the file it is not under the policy: an error then
 * poisons all of it, or another folio is used if there is still time.
 */
static bool is_kept(const struct race *r)
{
	return pagemap_pfn(r->hp.map) == r->hp.pa / BASE_PAGE &&
	       !(folio_flags(r) & PAGE_HWPOISON);
}

static void expect_left_as_without_policy(struct __test_metadata *_metadata,
					  struct race *r)
{
	unsigned long pfn = r->hp.pa / BASE_PAGE;
	bool huge = folio_flags(r) & PAGE_HUGE;

	ASSERT_STREQ("", fdinfo_ranges(r->hp.fd));
	let_go(r);
	ASSERT_EQ(huge, !!(folio_flags(r) & PAGE_HUGE));
	ASSERT_EQ(r->corrupted_kb + 4, corrupted_kb());
	ASSERT_EQ(0, write_pfn(unpoison_fd, huge ? pfn : pfn + r->hit[0]));
	ASSERT_EQ(r->corrupted_kb, corrupted_kb());
}

/*
 * Aim at the moment when the folio comes under the policy: move the lead a
 * little earlier or later, depending on the result of the last round.
 */
static void home_in(struct race *r)
{
	double jitter = draw(r) / (double)UINT32_MAX - 0.5;

	if (!r->lead) {
		duel_fight(&r->duel, do_touch, hit_all, r, draw(r));
		r->lead = r->duel.side[0].mean;
		return;
	}
	duel_fight_at(&r->duel, do_touch, hit_all, r,
		      r->lead * (1 + jitter / 10));
	r->lead *= is_kept(r) ? 0.99 : 1.01;
}

static void begin_round(struct __test_metadata *_metadata, struct race *r)
{
	make_file(_metadata, r);
	r->hits = 1;
	r->hit[0] = draw_page(r);
	home_in(r);
	if (!is_kept(r)) {
		expect_left_as_without_policy(_metadata, r);
		return;
	}
	r->kept++;
	r->raw[r->hit[0]] = true;
	ASSERT_EQ(0, r->result[0]);
	let_go(r);
	expect_end(_metadata, r, false);
}

/*
 * Rule 15: a folio is never half under the policy.  It once was: the error
 * found it outside, but attached base's kind of record once it was inside.
 */
TEST_F_TIMEOUT(begin, of_a_folio, 600)
{
	struct race *r = &self->r;
	long i, n = rounds_of(300);

	for (i = first_round; i < first_round + n; i++) {
		start_round(r, i);
		begin_round(_metadata, r);
	}
	EXPECT_LT(0, r->kept);
	duel_close(&r->duel);
}

/*
 * While a folio is in use: one error per round, many rounds per folio.
 */

FIXTURE(life)
{
	struct race r;
};

FIXTURE_VARIANT(life)
{
	duel_action act;
	/* Is the action's result right? */
	bool (*is_right)(struct race *r);
	bool slow;
};

/* The result of a call that must stop at raw pages: bytes, or @error. */
static long up_to_raw(const struct race *r, const bool *raw, long error)
{
	size_t n;

	for (n = 0; n < WINDOW && !raw[r->start + n]; n++)
		;
	return n ? (long)(n * BASE_PAGE) : error;
}

/* The result is right with or without this round's error. */
static bool is_cut_right(struct race *r, long error)
{
	bool after[NR];

	memcpy(after, r->raw, sizeof(after));
	after[r->hit[0]] = true;
	return r->got == up_to_raw(r, r->raw, error) ||
	       r->got == up_to_raw(r, after, error);
}

static bool is_data_right(struct race *r)
{
	long i;
	size_t page;

	for (i = 0; i < r->got / (long)BASE_PAGE; i++) {
		page = r->start + i;
		if (!r->zeroed[page] &&
		    pattern_check(r->data + i * BASE_PAGE, page * BASE_PAGE,
				  sizeof(uint64_t)) >= 0)
			return false;
	}
	return true;
}

static void do_read(void *arg)
{
	struct race *r = arg;

	r->got = pread(r->hp.fd, r->data, sizeof(r->data),
		       r->start * BASE_PAGE);
	if (r->got < 0)
		r->got = -errno;
}

static bool read_is_right(struct race *r)
{
	if (!is_cut_right(r, -EIO) || !is_data_right(r))
		return false;
	/* From now on the error is known */
	r->raw[r->hit[0]] = true;
	do_read(r);
	return is_cut_right(r, -EIO) && is_data_right(r);
}

FIXTURE_VARIANT_ADD(life, read)
{
	.act = do_read,
	.is_right = read_is_right,
};

static void do_process_read(void *arg)
{
	struct race *r = arg;
	struct iovec to = { r->data, sizeof(r->data) };
	struct iovec from = { r->hp.map + r->start * BASE_PAGE,
			      sizeof(r->data) };

	r->got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	if (r->got < 0)
		r->got = -errno;
}

static bool process_read_is_right(struct race *r)
{
	if (!is_cut_right(r, -EFAULT) || !is_data_right(r))
		return false;
	r->raw[r->hit[0]] = true;
	do_process_read(r);
	return is_cut_right(r, -EFAULT) && is_data_right(r);
}

FIXTURE_VARIANT_ADD(life, process_read)
{
	.act = do_process_read,
	.is_right = process_read_is_right,
};

static void do_pin(void *arg)
{
	struct race *r = arg;

	r->got = pin_in_pipe(r->hp.map + r->start * BASE_PAGE, WINDOW, &r->fd);
	if (r->got >= 0)
		close(r->fd);
	if (r->got > 0)
		r->got *= BASE_PAGE;
}

static bool pin_is_right(struct race *r)
{
	if (!is_cut_right(r, -EFAULT))
		return false;
	r->raw[r->hit[0]] = true;
	do_pin(r);
	return is_cut_right(r, -EFAULT);
}

FIXTURE_VARIANT_ADD(life, pin)
{
	.act = do_pin,
	.is_right = pin_is_right,
};

static void do_pin_long(void *arg)
{
	struct race *r = arg;
	int fd = pin_long_term(r->hp.map + r->start * BASE_PAGE,
			       WINDOW * BASE_PAGE);

	r->got = fd < 0 ? fd : (long)(WINDOW * BASE_PAGE);
	if (fd >= 0)
		close(fd);
}

/* A long-term pin takes all pages or none. */
static bool pin_long_is_right(struct race *r)
{
	size_t i;
	bool lost = false;

	do_pin_long(r);
	r->raw[r->hit[0]] = true;
	for (i = 0; i < WINDOW; i++)
		lost |= r->raw[r->start + i];
	return lost == (r->got < 0);
}

FIXTURE_VARIANT_ADD(life, pin_long)
{
	.act = do_pin_long,
	.is_right = pin_long_is_right,
};

static void do_fdinfo(void *arg)
{
	struct race *r = arg;

	snprintf(r->seen_ranges, sizeof(r->seen_ranges), "%s",
		 fdinfo_ranges(r->hp.fd));
}

/* The ranges of the lost pages, sorted, merged. */
static const char *ranges_of(const struct race *r)
{
	static char text[1 << 14];
	size_t from, to;
	char *end = text;

	text[0] = '\0';
	for (from = 0; from < NR; from = to) {
		for (to = from; to < NR && r->raw[to]; to++)
			;
		if (to > from)
			end += sprintf(end, "%s0x%lx+0x%lx", end == text ? "" : " ",
				       from * BASE_PAGE,
				       (to - from) * BASE_PAGE);
		else
			to++;
	}
	return text;
}

static const char *ranges_with(struct race *r, size_t page)
{
	r->raw[page] = true;
	return ranges_of(r);
}

static bool fdinfo_is_right(struct race *r)
{
	bool before = !strcmp(ranges_of(r), r->seen_ranges);

	return before || !strcmp(ranges_with(r, r->hit[0]), r->seen_ranges);
}

FIXTURE_VARIANT_ADD(life, fdinfo)
{
	.act = do_fdinfo,
	.is_right = fdinfo_is_right,
};

static void do_fault_again(void *arg)
{
	struct race *r = arg;

	r->got = madvise(r->hp.map, SIZE_2M, MADV_DONTNEED);
	(void)*(volatile char *)(r->hp.map + r->start * BASE_PAGE);
}

static bool is_mapped(struct race *r)
{
	return !r->got && pagemap_pfn(r->hp.map) == r->hp.pa / BASE_PAGE;
}

FIXTURE_VARIANT_ADD(life, fault)
{
	.act = do_fault_again,
	.is_right = is_mapped,
};

/* Keep the address free for the mapping's return. */
static void reserve(char *home)
{
	mmap(home, SIZE_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	     -1, 0);
}

static void do_remap(void *arg)
{
	struct race *r = arg;
	char *to = r->homes[r->hp.map == r->homes[0]];

	r->got = mremap(r->hp.map, SIZE_2M, SIZE_2M,
			MREMAP_MAYMOVE | MREMAP_FIXED, to) != to;
	reserve(r->hp.map);
	r->hp.map = to;
}

FIXTURE_VARIANT_ADD(life, remap)
{
	.act = do_remap,
	.is_right = is_mapped,
};

static void do_fork(void *arg)
{
	struct race *r = arg;
	int status = -1;
	pid_t pid;

	pid = fork();
	if (!pid) {
		(void)*(volatile char *)(r->hp.map + r->start * BASE_PAGE);
		_exit(0);
	}
	/* The error's signal may interrupt this */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	r->got = status;
}

FIXTURE_VARIANT_ADD(life, fork)
{
	.act = do_fork,
	.is_right = is_mapped,
	.slow = true,
};

static void do_resize(void *arg)
{
	struct race *r = arg;

	long nr = r->pool.nr;

	r->got = pool_set(SIZE_2M, nr + 1) != nr + 1 ||
		 pool_set(SIZE_2M, nr) != nr;
}

FIXTURE_VARIANT_ADD(life, resize)
{
	.act = do_resize,
	.is_right = is_mapped,
	.slow = true,
};

static void do_zero(void *arg)
{
	struct race *r = arg;

	r->got = fallocate(r->hp.fd, FALLOC_FL_PUNCH_HOLE |
			   FALLOC_FL_KEEP_SIZE, r->start * BASE_PAGE,
			   WINDOW * BASE_PAGE) ? -errno : 0;
}

/* All but raw pages are zeroed; -EIO if one of them is known. */
static bool zero_is_right(struct race *r)
{
	static const char zeroes[sizeof(uint64_t)];
	bool raw = false, hit = false;
	size_t page;

	for (page = r->start; page < r->start + WINDOW; page++) {
		r->zeroed[page] = true;
		raw |= r->raw[page];
		hit |= page == r->hit[0];
		if (page != r->hit[0] && !r->raw[page] &&
		    memcmp(r->hp.map + page * BASE_PAGE, zeroes,
			   sizeof(zeroes)))
			return false;
	}
	if (r->got != (raw ? -EIO : 0) && (!hit || r->got != -EIO))
		return false;
	r->got = 0;
	return is_mapped(r);
}

FIXTURE_VARIANT_ADD(life, zero)
{
	.act = do_zero,
	.is_right = zero_is_right,
};

/* The second of the two gets -EHWPOISON, and is not counted. */
static void do_hit_same(void *arg)
{
	struct race *r = arg;

	r->got = write_pfn(corrupt_fd, r->hp.pa / BASE_PAGE + r->hit[0]);
}

static bool one_was_first(struct race *r)
{
	bool right = r->got + r->result[0] == -EHWPOISON;

	r->result[0] = 0;
	return right;
}

FIXTURE_VARIANT_ADD(life, same_page)
{
	.act = do_hit_same,
	.is_right = one_was_first,
};

static void do_hit_neighbour(void *arg)
{
	struct race *r = arg;
	size_t page = r->hit[0] ^ 1;

	r->got = write_pfn(corrupt_fd, r->hp.pa / BASE_PAGE + page);
}

static bool neighbour_too(struct race *r)
{
	size_t page = r->hit[0] ^ 1;
	bool right = r->got == (r->raw[page] ? -EHWPOISON : 0);

	r->raw[page] = true;
	return right;
}

FIXTURE_VARIANT_ADD(life, neighbour)
{
	.act = do_hit_neighbour,
	.is_right = neighbour_too,
};

/* Two addresses, for a mapping that moves between them. */
static void life_open(struct __test_metadata *_metadata, struct race *r)
{
	char *room;

	race_open(_metadata, r);
	room = mmap(NULL, 3 * SIZE_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ASSERT_NE(MAP_FAILED, room);
	room = (char *)(((uintptr_t)room + SIZE_2M - 1) & -SIZE_2M);
	r->homes[0] = room;
	r->homes[1] = room + SIZE_2M;
	ASSERT_EQ(0, prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0,
			   0));
}

FIXTURE_SETUP(life)
{
	life_open(_metadata, &self->r);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(life)
{
	race_report(_metadata, &self->r);
}

static void make_folio_at_home(struct __test_metadata *_metadata,
			       struct race *r)
{
	make_folio(_metadata, r);
	ASSERT_EQ(r->homes[0], mremap(r->hp.map, SIZE_2M, SIZE_2M,
				      MREMAP_MAYMOVE | MREMAP_FIXED,
				      r->homes[0]));
	r->hp.map = r->homes[0];
}

/*
 * Rule 4: one signal per error, with the address, as we opted in.  Of two
 * pending SIGBUS the kernel drops one, as for all standard signals.
 */
static void expect_told(struct __test_metadata *_metadata, struct race *r,
			long errors)
{
	struct sigbus seen;
	long told = sigbus_optional(&seen) - r->optional;
	size_t offset = seen.addr - (uintptr_t)r->homes[0], page;

	ASSERT_LE(1, told);
	ASSERT_GE(errors, told);
	r->optional += told;
	ASSERT_EQ(BASE_PAGE_SHIFT, seen.lsb);
	ASSERT_GT(2 * SIZE_2M, offset);
	page = offset % SIZE_2M / BASE_PAGE;
	ASSERT_TRUE(page == r->hit[0] || (errors == 2 && page == (r->hit[0] ^ 1)));
}

static void life_round(struct __test_metadata *_metadata, struct race *r,
		       const FIXTURE_VARIANT(life) *variant)
{
	long known = count_raw(r);

	r->hits = 1;
	r->hit[0] = draw_page(r);
	/* The requested pages have the error at any place */
	r->start = r->hit[0] - draw_below(r, WINDOW);
	if (r->start > NR - WINDOW)
		r->start = r->hit[0] < WINDOW ? 0 : NR - WINDOW;
	duel_fight(&r->duel, variant->act, hit_all, r, draw(r));
	ASSERT_TRUE(variant->is_right(r)) {
		TH_LOG("base page %zu, asked from %zu on, answer %ld", r->hit[0],
		       r->start, r->got);
	}
	ASSERT_EQ(0, r->result[0]);
	r->raw[r->hit[0]] = true;
	expect_told(_metadata, r, count_raw(r) - known);
	ASSERT_STREQ(ranges_of(r), fdinfo_ranges(r->hp.fd));
	ASSERT_EQ(r->corrupted_kb + 4 * count_raw(r), corrupted_kb());
}

/* Rounds per folio; its first round is a multiple of this. */
#define FOLIO_ROUNDS	64

TEST_F_TIMEOUT(life, of_a_folio, 600)
{
	struct race *r = &self->r;
	long i, n = rounds_of(variant->slow ? 64 : 400);

	for (i = first_round; i < first_round + n; i++) {
		start_round(r, i);
		if (r->hp.fd < 0)
			make_folio_at_home(_metadata, r);
		life_round(_metadata, r, variant);
		if ((i + 1) % FOLIO_ROUNDS && i + 1 < first_round + n)
			continue;
		let_go(r);
		reserve(r->hp.map);
		expect_end(_metadata, r, false);
	}
	duel_close(&r->duel);
}

/*
 * An error is unpoisoned, or arrives while the folio is migrated
 */

FIXTURE(other)
{
	struct race r;
};

FIXTURE_SETUP(other)
{
	race_open(_metadata, &self->r);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(other)
{
	race_report(_metadata, &self->r);
}

#define UNPOISON_TRIES	300

static void do_unpoison(void *arg)
{
	struct race *r = arg;
	unsigned long pfn = r->hp.pa / BASE_PAGE + r->hit[0];
	int tries = UNPOISON_TRIES;

	do {
		r->undone = !write_pfn(unpoison_fd, pfn);
	} while (!r->undone && tries--);
}

static void unpoison_round(struct __test_metadata *_metadata, struct race *r)
{
	make_folio(_metadata, r);
	hit_some_before(_metadata, r, 1);
	duel_fight(&r->duel, do_close, do_unpoison, r, draw(r));
	ASSERT_TRUE(soon(is_gone(r)));
	r->raw[r->hit[0]] = !r->undone;
	expect_marked(_metadata, r);
	expect_pool(_metadata, r, 1);
	repair(_metadata, r);
}

/* Rule 16: a raw page is unpoisoned after the release or not at all. */
TEST_F_TIMEOUT(other, unpoison, 600)
{
	struct race *r = &self->r;
	long i, n = rounds_of(60);

	for (i = first_round; i < first_round + n; i++) {
		start_round(r, i);
		unpoison_round(_metadata, r);
		r->kept += !r->undone;
	}
	duel_close(&r->duel);
}

static void do_move(void *arg)
{
	struct race *r = arg;
	void *page = r->hp.map;
	int status = -1, node;

	r->got = syscall(SYS_move_pages, 0, 1, &page, NULL, &node, 0);
	node = !node;
	r->got |= syscall(SYS_move_pages, 0, 1, &page, &node, &status,
			  MPOL_MF_MOVE);
}

static size_t list_raw(const struct race *r, size_t *offsets)
{
	size_t page, n = 0;

	for (page = 0; page < NR; page++)
		if (r->raw[page])
			offsets[n++] = page * BASE_PAGE;
	return n;
}

static void move_round(struct __test_metadata *_metadata, struct race *r)
{
	size_t offsets[HITS], n;

	make_folio(_metadata, r);
	choose_hits(r);
	duel_fight(&r->duel, do_move, hit_all, r, draw(r));
	note_hits(_metadata, r);
	if (pagemap_pfn(r->hp.map) == r->hp.pa / BASE_PAGE) {
		ASSERT_STREQ(ranges_of(r), fdinfo_ranges(r->hp.fd));
		n = list_raw(r, offsets);
		r->kept++;
	} else {
		ASSERT_STREQ("", fdinfo_ranges(r->hp.fd));
		n = 0;
	}
	ASSERT_EQ(-1, pattern_sample_healthy(r->hp.map, SIZE_2M, offsets, n));
	let_go(r);
	expect_end(_metadata, r, false);
}

/* Rule 10: the folio either moved before the error, or it stays. */
TEST_F_TIMEOUT(other, move, 600)
{
	struct race *r = &self->r;
	long i, n = rounds_of(60);

	for (i = first_round; i < first_round + n; i++) {
		start_round(r, i);
		move_round(_metadata, r);
	}
	duel_close(&r->duel);
}

/*
 * Real errors, consumed by this process.  They disable unpoison, so from here
 * on only the healthy pages of a folio are usable again.
 */

FIXTURE(consumed)
{
	struct race r;
};

FIXTURE_VARIANT(consumed)
{
	duel_action act;
	bool ends;	/* the folio: a later load is of another one */
};

FIXTURE_VARIANT_ADD(consumed, truncate)
{
	.act = do_truncate,
	.ends = true,
};

FIXTURE_VARIANT_ADD(consumed, punch)
{
	.act = do_punch,
	.ends = true,
};

FIXTURE_VARIANT_ADD(consumed, report)
{
	.act = hit_all,
};

FIXTURE_VARIANT_ADD(consumed, fault) { .act = do_fault_again };

static void load_too(void *arg)
{
	struct race *r = arg;
	struct sigbus seen = { 0 };

	r->result[1] = sigbus_on_load(r->hp.map + r->hit[0] * BASE_PAGE, &seen);
	r->seen[1] = seen;
}

FIXTURE_VARIANT_ADD(consumed, twice)
{
	.act = load_too,
};

FIXTURE_SETUP(consumed)
{
	race_open(_metadata, &self->r);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(consumed)
{
	lab_poison_clear();
	race_report(_metadata, &self->r);
}

static void do_load(void *arg)
{
	struct race *r = arg;
	struct sigbus seen = { 0 };

	r->result[0] = sigbus_on_load(r->hp.map + r->hit[0] * BASE_PAGE, &seen);
	r->seen[0] = seen;
}

static void expect_consumed(struct __test_metadata *_metadata, struct race *r,
			    const struct sigbus *seen)
{
	ASSERT_EQ(BUS_MCEERR_AR, seen->code);
	ASSERT_EQ(BASE_PAGE_SHIFT, seen->lsb);
	ASSERT_EQ((uintptr_t)r->hp.map + r->hit[0] * BASE_PAGE, seen->addr);
}

static void consumed_round(struct __test_metadata *_metadata, struct race *r,
			   const FIXTURE_VARIANT(consumed) *variant)
{
	unsigned long pfn;
	bool told;

	make_folio(_metadata, r);
	r->hits = 1;
	r->hit[0] = draw_page(r);
	r->start = r->hit[0] ^ 1;
	r->got = 0;
	pfn = r->hp.pa / BASE_PAGE + r->hit[0];
	ASSERT_EQ(0, lab_poison_add(pfn * BASE_PAGE, 1));
	duel_fight(&r->duel, do_load, variant->act, r, draw(r));
	ASSERT_EQ(0, r->got);
	told = r->seen[0].code == BUS_MCEERR_AR;
	if (told || !variant->ends)
		expect_consumed(_metadata, r, &r->seen[0]);
	if (variant->act == load_too)
		expect_consumed(_metadata, r, &r->seen[1]);
	if (!variant->ends)
		ASSERT_STREQ(ranges_with(r, r->hit[0]),
			     fdinfo_ranges(r->hp.fd));
	let_go(r);
	/* Without a signal, the error may never have been consumed */
	r->raw[r->hit[0]] = told || error_results(pfn);
	ASSERT_EQ(0, lab_poison_del(pfn * BASE_PAGE, 1));
	expect_end(_metadata, r, false);
}

/* Rules 3, 4, 12, 15 for machine checks. */
TEST_F_TIMEOUT(consumed, of_a_folio, 600)
{
	struct race *r = &self->r;
	long i, n = rounds_of(20);

	r->real = true;
	for (i = first_round; i < first_round + n; i++) {
		start_round(r, i);
		consumed_round(_metadata, r, variant);
	}
	duel_close(&r->duel);
}

static bool number_option(int argc, char **argv, const char *name, long *value)
{
	if (argc < 2 || strcmp(argv[0], name))
		return false;
	*value = strtoll(argv[1], NULL, 0);
	return true;
}

static bool own_option(int argc, char **argv)
{
	return number_option(argc, argv, "--seed", &seed) ||
	       number_option(argc, argv, "--percent", &percent) ||
	       number_option(argc, argv, "--round", &first_round) ||
	       number_option(argc, argv, "--rounds", &only_rounds);
}

#define ARGS_MAX	64

/* The harness accepts its own options only. */
int main(int argc, char **argv)
{
	char *rest[ARGS_MAX + 1] = { argv[0] };
	uint32_t random = 0;
	int i, n = 1;

	getrandom(&random, sizeof(random), 0);
	seed = random;
	for (i = 1; i < argc && n < ARGS_MAX; i++) {
		if (own_option(argc - i, argv + i))
			i++;
		else
			rest[n++] = argv[i];
	}
	return test_harness_run(n, rest);
}
