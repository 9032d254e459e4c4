// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 9 and 11: long-term pins.  Pinned pages of a kept folio stay
 * usable by the pin, whatever happens to the folio; none is freed while it is
 * pinned, and the end of the last pin does what the last reference has to do.
 * A page that is known to be raw cannot be pinned.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <kselftest_harness.h>

#include "control.h"
#include "counters.h"
#include "guptest.h"
#include "holder.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pattern.h"
#include "pin.h"
#include "pinner.h"
#include "polling.h"
#include "pool.h"
#include "raise.h"
#include "scene.h"

/* In a folio of 2 MiB: base pages that are pinned, and those that break. */
#define PINNED		(64 * BASE_PAGE)
#define PINNED_BYTES	(16 * BASE_PAGE)
#define WRITTEN		(PINNED + BASE_PAGE)	/* through the pin */
#define RAW_PINNED	(PINNED + PINNED_BYTES - BASE_PAGE)
#define RAW_BEFORE	(5 * BASE_PAGE)
#define RAW_BEHIND	(300 * BASE_PAGE)

static void add_raw(struct scene *s, size_t offset)
{
	s->raw[s->n_raw++] = offset / BASE_PAGE;
}

/*
 * A long-term pin migrates a page out of the movable zone, but only to a page
 * that the pool already has: have more pages than fit into that zone.
 */
static size_t pool_wanted(void)
{
	return movable_bytes() / SIZE_2M + 2;
}

static void open_scene(struct __test_metadata *_metadata, struct scene *s,
		       size_t size)
{
	*s = (struct scene){ 0 };
	s->holder.pid = -1;
	if (size == SIZE_2M)
		ASSERT_EQ(0, pool_want(size, pool_wanted()));
	scene_open(_metadata, s, size);
}

/* Before the next scene; raw pages keep their poison until the teardown. */
static void leave_scene(struct scene *s)
{
	holder_end(&s->holder);
	munmap(s->flags, s->nr * sizeof(*s->flags));
}

/* Rule 11: still counted in the pool, and not dissolved. */
static void expect_held(struct __test_metadata *_metadata,
			const struct scene *s)
{
	struct pool pool;
	size_t i;

	ASSERT_EQ(0, pool_read(s->nr * BASE_PAGE, &pool));
	EXPECT_EQ(s->pool.nr, pool.nr);
	EXPECT_EQ(s->pool.free - 1, pool.free);
	EXPECT_EQ(0, said_to_be_gone(s));
	for (i = 0; i < s->n_raw; i++)
		ASSERT_EQ(PAGE_HUGE, page_flags(scene_pfn(s) + s->raw[i]) &
			  (PAGE_HUGE | PAGE_BUDDY | PAGE_HWPOISON));
}

/* A read through the pin returns the pattern. */
static void expect_readable(struct __test_metadata *_metadata,
			    struct pinner *p, size_t offset)
{
	static char data[PINNER_BYTES];

	ASSERT_EQ(0, pinner_read(p, offset, data));
	EXPECT_EQ(-1, pattern_check(data, offset, PINNER_BYTES));
}

/* The process sees what is written through the pin. */
static void expect_writable(struct __test_metadata *_metadata,
			    struct scene *s, struct pinner *p)
{
	static char data[PINNER_BYTES];

	EXPECT_EQ(-EILSEQ, holder_check(&s->holder, WRITTEN, PINNER_BYTES));
	pattern_fill(data, WRITTEN, PINNER_BYTES);
	ASSERT_EQ(0, pinner_write(p, WRITTEN, data));
	EXPECT_EQ(0, holder_check(&s->holder, WRITTEN, PINNER_BYTES));
}

/* The folio is held until its last pin goes, and then released. */
static void expect_last_pin(struct __test_metadata *_metadata,
			    struct scene *s, struct pinner *p)
{
	expect_held(_metadata, s);
	ASSERT_EQ(0, buddy_read(&s->buddy));
	pinner_close(p);
	expect_released(_metadata, s);
}

/* Fill the part to pin, except for WRITTEN, and pin it. */
static void pin_part(struct __test_metadata *_metadata, struct scene *s,
		     enum pinner_kind kind, struct pinner *taken)
{
	size_t behind = WRITTEN + BASE_PAGE;

	ASSERT_EQ(0, holder_fill(&s->holder, PINNED, WRITTEN - PINNED));
	ASSERT_EQ(0, holder_fill(&s->holder, behind,
				 PINNED + PINNED_BYTES - behind));
	ASSERT_EQ(0, holder_pin(&s->holder, kind, PINNED, PINNED_BYTES,
				taken));
}

FIXTURE(pinned)
{
	struct scene s;
};

FIXTURE_VARIANT(pinned)
{
	enum pinner_kind kind;
};

FIXTURE_VARIANT_ADD(pinned, io_uring) { .kind = PINNER_URING };
FIXTURE_VARIANT_ADD(pinned, gup) { .kind = PINNER_GUP };
FIXTURE_VARIANT_ADD(pinned, gup_fast) { .kind = PINNER_GUP_FAST };
FIXTURE_VARIANT_ADD(pinned, vfio) { .kind = PINNER_VFIO };
FIXTURE_VARIANT_ADD(pinned, iommufd) { .kind = PINNER_IOMMUFD };
FIXTURE_VARIANT_ADD(pinned, udmabuf) { .kind = PINNER_UDMABUF };

FIXTURE_SETUP(pinned)
{
	open_scene(_metadata, &self->s, SIZE_2M);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(pinned)
{
	scene_close(&self->s);
}

static bool is_gup_test(enum pinner_kind kind)
{
	return kind == PINNER_GUP || kind == PINNER_GUP_FAST;
}

/* Raise a further error. */
static void raise_more(struct __test_metadata *_metadata, struct scene *s,
		       size_t offset, enum error_way way)
{
	ASSERT_EQ(0, holder_raise(&s->holder, offset, way));
	add_raw(s, offset);
}

/*
 * Rule 9: errors elsewhere in the folio affect neither the pin nor the process
 * that has the page.  An error in a pinned page costs only that page.
 */
TEST_F(pinned, survives_errors)
{
	struct scene *s = &self->s;
	size_t behind = WRITTEN + BASE_PAGE;
	struct pinner p;

	scene_damage(_metadata, s, ERROR_CONSUME);
	pin_part(_metadata, s, variant->kind, &p);
	raise_more(_metadata, s, RAW_BEFORE, ERROR_CONSUME);
	expect_readable(_metadata, &p, PINNED);
	EXPECT_EQ(0, holder_check(&s->holder, PINNED, BASE_PAGE));
	raise_more(_metadata, s, RAW_BEHIND, ERROR_SCRUB);
	expect_readable(_metadata, &p, RAW_PINNED);
	raise_more(_metadata, s, RAW_PINNED, ERROR_CONSUME);
	if (!is_gup_test(variant->kind))
		expect_writable(_metadata, s, &p);
	EXPECT_EQ(0, holder_check(&s->holder, behind, RAW_PINNED - behind));
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	expect_last_pin(_metadata, s, &p);
}

/* udmabuf seals the file, so the file cannot be truncated. */
static bool is_possible(enum pinner_kind kind, enum release_how how)
{
	return kind != PINNER_UDMABUF || how != RELEASE_TRUNCATE;
}

/* Pin part of a page, then have errors elsewhere in it. */
static void pin_and_break(struct __test_metadata *_metadata, struct scene *s,
			  enum pinner_kind kind, struct pinner *taken)
{
	scene_damage(_metadata, s, ERROR_CONSUME);
	pin_part(_metadata, s, kind, taken);
	raise_more(_metadata, s, RAW_BEFORE, ERROR_CONSUME);
}

/*
 * Rule 11: the pin outlives the process' use of the page, however that ends.
 */
static void outlive(struct __test_metadata *_metadata, struct scene *s,
		    enum pinner_kind kind, enum release_how how)
{
	struct pinner p;

	pin_and_break(_metadata, s, kind, &p);
	ASSERT_EQ(0, holder_release(&s->holder, how, 0));
	expect_held(_metadata, s);
	expect_readable(_metadata, &p, PINNED);
	expect_last_pin(_metadata, s, &p);
	leave_scene(s);
	open_scene(_metadata, s, SIZE_2M);
}

/* The process dies, and pin, mapping and file go together. */
static void die_with_pin(struct __test_metadata *_metadata, struct scene *s,
			 enum pinner_kind kind)
{
	pin_and_break(_metadata, s, kind, NULL);
	expect_held(_metadata, s);
	ASSERT_EQ(0, buddy_read(&s->buddy));
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_KILL, 0));
	expect_released(_metadata, s);
}

TEST_F(pinned, outlives_mapping_and_file)
{
	enum release_how how;

	for (how = RELEASE_TRUNCATE; how <= RELEASE_KILL; how++)
		if (is_possible(variant->kind, how))
			outlive(_metadata, &self->s, variant->kind, how);
	die_with_pin(_metadata, &self->s, variant->kind);
}

/*
 * Rules 11, 15: the folio has left its file without an error.  An error that
 * arrives then is still recorded, and respected when the pin goes.
 */
TEST_F(pinned, error_after_truncation)
{
	struct scene *s = &self->s;
	struct pinner p;

	scene_damage(_metadata, s, ERROR_CONSUME);
	pin_part(_metadata, s, variant->kind, &p);
	ASSERT_EQ(0, holder_release(&s->holder,
				    is_possible(variant->kind,
						RELEASE_TRUNCATE) ?
				    RELEASE_TRUNCATE : RELEASE_PUNCH, 0));
	ASSERT_EQ(0, error_raise(&s->holder.hp, RAW_BEHIND, ERROR_SCRUB,
				 NULL));
	add_raw(s, RAW_BEHIND);
	expect_readable(_metadata, &p, PINNED);
	expect_last_pin(_metadata, s, &p);
}

/* This process has the page itself: only the holder's @hp is used. */
static void own_page(struct __test_metadata *_metadata, struct scene *s)
{
	sigbus_catch();
	ASSERT_EQ(0, hugepage_create(&s->holder.hp, SIZE_2M));
}

/* A long-term pin may have moved the page out of the movable zone. */
static void own_page_moved(struct scene *s)
{
	s->holder.hp.pa = pagemap_pfn(s->holder.hp.map) * BASE_PAGE;
}

static void break_own_page(struct __test_metadata *_metadata, struct scene *s,
			   size_t offset)
{
	struct sigbus seen;

	ASSERT_EQ(0, error_raise(&s->holder.hp, offset, ERROR_CONSUME, &seen));
	add_raw(s, offset);
}

static void expect_own_page_released(struct __test_metadata *_metadata,
				     struct scene *s)
{
	ASSERT_EQ(0, buddy_read(&s->buddy));
	hugepage_close(&s->holder.hp);
	expect_released(_metadata, s);
}

static bool same_pins(const struct pins *before)
{
	struct pins now;

	pins_read(&now);
	return now.acquired - now.released ==
		before->acquired - before->released &&
	       now.locked_kb == before->locked_kb &&
	       now.pinned_kb == before->pinned_kb;
}

/* io_uring drops its pins a moment after the close. */
static void expect_no_more_pins(struct __test_metadata *_metadata,
				const struct pins *before)
{
	EXPECT_TRUE(poll_until(same_pins(before)));
}

static int try_pin(enum pinner_kind kind, const struct hugepage *hp,
		   size_t offset, size_t len)
{
	struct pinner p;
	int err = pinner_open(&p, kind);

	if (!err)
		err = pinner_pin(&p, hp, offset, len);
	if (err)
		pinner_forget(&p);
	else
		pinner_close(&p);
	return err;
}

/* Of these, only memfd_pin_folios() has an error of its own for poison. */
static int refusal(enum pinner_kind kind)
{
	return kind == PINNER_UDMABUF ? -EHWPOISON : -EFAULT;
}

/*
 * Rule 9: a long-term pin of a range with a raw page anywhere in it fails as a
 * whole; the neighbours of the raw page can be pinned.
 */
TEST_F(pinned, refuses_raw_pages)
{
	struct hugepage *hp = &self->s.holder.hp;
	enum pinner_kind kind = variant->kind;
	const size_t raw = RAW_BEHIND;
	struct pins before;

	own_page(_metadata, &self->s);
	pins_read(&before);
	ASSERT_EQ(0, try_pin(kind, hp, 0, SIZE_2M));
	own_page_moved(&self->s);
	break_own_page(_metadata, &self->s, raw);
	ASSERT_EQ(0, try_pin(kind, hp, raw - 4 * BASE_PAGE, 4 * BASE_PAGE));
	ASSERT_EQ(0, try_pin(kind, hp, raw + BASE_PAGE,
			     SIZE_2M - raw - BASE_PAGE));
	EXPECT_EQ(refusal(kind), try_pin(kind, hp, raw, BASE_PAGE));
	EXPECT_EQ(refusal(kind), try_pin(kind, hp, raw, 4 * BASE_PAGE));
	EXPECT_GT(0, try_pin(kind, hp, raw - 4 * BASE_PAGE, 8 * BASE_PAGE));
	EXPECT_GT(0, try_pin(kind, hp, 0, SIZE_2M));
	expect_no_more_pins(_metadata, &before);
	expect_own_page_released(_metadata, &self->s);
}

FIXTURE(dma_buf)
{
	struct scene s;
};

FIXTURE_SETUP(dma_buf)
{
	open_scene(_metadata, &self->s, SIZE_2M);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(dma_buf)
{
	scene_close(&self->s);
}

/*
 * Rules 3, 4: the consumer has no mapping of the file, but one of the pinned
 * pages, which cannot be found through the file.
 */
TEST_F(dma_buf, consumer_is_told)
{
	struct hugepage *hp = &self->s.holder.hp;
	struct sigbus seen = { 0 };
	struct pinner p;
	char *map;

	own_page(_metadata, &self->s);
	ASSERT_EQ(0, pinner_open(&p, PINNER_UDMABUF));
	ASSERT_EQ(0, pinner_pin(&p, hp, 0, SIZE_2M));
	own_page_moved(&self->s);
	map = pinner_map(&p);
	ASSERT_NE(NULL, map);
	hugepage_close(hp);
	ASSERT_EQ(0, lab_poison_add(hp->pa + RAW_BEHIND, 1));
	add_raw(&self->s, RAW_BEHIND);
	ASSERT_TRUE(sigbus_on_load(map + RAW_BEHIND, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
	EXPECT_EQ((uintptr_t)map + RAW_BEHIND, seen.addr);
	EXPECT_EQ(12, seen.lsb);
	EXPECT_FALSE(sigbus_on_load(map + RAW_BEHIND + BASE_PAGE, &seen));
	ASSERT_EQ(0, munmap(map, SIZE_2M));
	expect_last_pin(_metadata, &self->s, &p);
}

FIXTURE(twice)
{
	struct scene s;
};

FIXTURE_VARIANT(twice)
{
	enum pinner_kind first, last;
};

FIXTURE_VARIANT_ADD(twice, io_uring_vfio)
{
	.first = PINNER_URING,
	.last = PINNER_VFIO,
};

FIXTURE_VARIANT_ADD(twice, iommufd_gup)
{
	.first = PINNER_IOMMUFD,
	.last = PINNER_GUP,
};

FIXTURE_VARIANT_ADD(twice, gup_fast_udmabuf)
{
	.first = PINNER_GUP_FAST,
	.last = PINNER_UDMABUF,
};

FIXTURE_SETUP(twice)
{
	open_scene(_metadata, &self->s, SIZE_2M);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(twice)
{
	scene_close(&self->s);
}

/* Rule 11: of two pins, only the end of the last one is the release. */
TEST_F(twice, last_pin_releases)
{
	struct scene *s = &self->s;
	struct pinner first, last;

	scene_damage(_metadata, s, ERROR_CONSUME);
	pin_part(_metadata, s, variant->first, &first);
	pin_part(_metadata, s, variant->last, &last);
	raise_more(_metadata, s, RAW_BEFORE, ERROR_CONSUME);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	pinner_close(&first);
	expect_held(_metadata, s);
	expect_readable(_metadata, &last, PINNED);
	expect_last_pin(_metadata, s, &last);
}

FIXTURE(got)
{
	struct scene s;
};

FIXTURE_VARIANT(got)
{
	unsigned long cmd;
};

FIXTURE_VARIANT_ADD(got, get) { .cmd = GUP_BASIC_TEST };
FIXTURE_VARIANT_ADD(got, get_fast) { .cmd = GUP_FAST_BENCHMARK };
FIXTURE_VARIANT_ADD(got, pin) { .cmd = PIN_BASIC_TEST };
FIXTURE_VARIANT_ADD(got, pin_fast) { .cmd = PIN_FAST_BENCHMARK };

FIXTURE_SETUP(got)
{
	open_scene(_metadata, &self->s, SIZE_2M);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(got)
{
	scene_close(&self->s);
}

/* Rule 9: all pages before and after the raw one, but not that one. */
TEST_F(got, all_but_raw_pages)
{
	const size_t nr = SIZE_2M / BASE_PAGE, raw = RAW_BEHIND / BASE_PAGE;
	struct hugepage *hp = &self->s.holder.hp;
	unsigned long cmd = variant->cmd;
	struct pins before;

	pins_read(&before);
	own_page(_metadata, &self->s);
	ASSERT_EQ(nr, guptest_count(cmd, hp->map, nr));
	break_own_page(_metadata, &self->s, RAW_BEHIND);
	ASSERT_EQ(raw, guptest_count(cmd, hp->map, nr));
	EXPECT_EQ(0, guptest_count(cmd, hp->map + RAW_BEHIND, 4));
	EXPECT_EQ(nr - raw - 1, guptest_count(cmd, hp->map + RAW_BEHIND +
					      BASE_PAGE, nr - raw - 1));
	expect_no_more_pins(_metadata, &before);
	expect_own_page_released(_metadata, &self->s);
}

FIXTURE(short_count)
{
	struct scene s;
};

FIXTURE_VARIANT(short_count)
{
	bool pin;
};

FIXTURE_VARIANT_ADD(short_count, get) { .pin = false };
FIXTURE_VARIANT_ADD(short_count, pin) { .pin = true };

FIXTURE_SETUP(short_count)
{
	open_scene(_metadata, &self->s, SIZE_2M);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(short_count)
{
	scene_close(&self->s);
}

static bool is_among(const char *from, size_t pages, size_t which, bool pin)
{
	size_t out = kmsg_count("ZEROING due to out of range");
	size_t in = kmsg_count("---- page #%zu, starting", which - 1);

	if (guptest_dump(from, pages, which, pin))
		return false;
	return kmsg_count("ZEROING due to out of range") == out &&
	       kmsg_count("---- page #%zu, starting", which - 1) == in + 1;
}

/* Rule 9: one call returns the pages before the raw page. */
TEST_F(short_count, ends_at_raw_page)
{
	struct hugepage *hp = &self->s.holder.hp;
	const size_t raw = RAW_BEHIND / BASE_PAGE;
	bool pin = variant->pin;
	struct pins before;

	own_page(_metadata, &self->s);
	break_own_page(_metadata, &self->s, RAW_BEHIND);
	pins_read(&before);
	ASSERT_TRUE(is_among(hp->map, 512, raw, pin));
	EXPECT_FALSE(is_among(hp->map, 512, raw + 1, pin));
	EXPECT_FALSE(is_among(hp->map + RAW_BEHIND, 4, 1, pin));
	EXPECT_TRUE(is_among(hp->map + RAW_BEHIND + BASE_PAGE, 4, 4, pin));
	expect_no_more_pins(_metadata, &before);
	expect_own_page_released(_metadata, &self->s);
}

FIXTURE(gigantic)
{
	struct scene s;
};

FIXTURE_VARIANT(gigantic)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(gigantic, 1G) { .size = SIZE_1G };

FIXTURE_SETUP(gigantic)
{
	open_scene(_metadata, &self->s, variant->size);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(gigantic)
{
	scene_close(&self->s);
}

/*
 * Rules 9 and 11 for a virtual machine with a device: all of its memory is
 * mapped for DMA, some pages break, and DMA to the others still works.
 */
TEST_F_TIMEOUT(gigantic, dma_goes_on, 120)
{
	const size_t last = SIZE_1G - BASE_PAGE;
	struct scene *s = &self->s;
	struct pinner p;

	scene_damage(_metadata, s, ERROR_CONSUME);
	ASSERT_EQ(0, holder_fill(&s->holder, last, BASE_PAGE));
	ASSERT_EQ(0, holder_pin(&s->holder, PINNER_VFIO, 0, SIZE_1G, &p));
	raise_more(_metadata, s, last - BASE_PAGE, ERROR_CONSUME);
	raise_more(_metadata, s, SIZE_1G / 2, ERROR_SCRUB);
	expect_writable(_metadata, s, &p);
	expect_readable(_metadata, &p, last);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_TRUNCATE, 0));
	ASSERT_EQ(0, error_raise(&s->holder.hp, RAW_BEHIND, ERROR_SCRUB,
				 NULL));
	add_raw(s, RAW_BEHIND);
	expect_readable(_metadata, &p, last);
	expect_last_pin(_metadata, s, &p);
}

TEST_HARNESS_MAIN
