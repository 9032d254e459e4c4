/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A huge page of pattern with three real errors that are on the kernel's
 * record, and what must be true of it while it is kept.  The functions use the
 * harness's assertions, so like the harness they are in a header.
 */
#ifndef FILLED_H
#define FILLED_H

#include <poison.h>
#include <stdbool.h>
#include <stddef.h>
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pattern.h"
#include "sigbus.h"

#define RAW_PAGES	3

struct filled {
	struct hugepage hp;
	size_t raw[RAW_PAGES];	/* offsets, ascending, the last two adjacent */
};

/*
 * Poison a line and put it on the kernel's record by loading it.
 *
 * Without the policy only the first error gets there, as later loads end at an
 * unmapped page.  New poison would panic the kernel at the first read(2), so it
 * is deleted in that case.
 */
static inline void filled_consume(struct __test_metadata *_metadata,
				  const struct hugepage *hp, size_t offset)
{
	int64_t hits = lab_poison_hits();
	struct sigbus seen;

	ASSERT_EQ(0, lab_poison_add(hp->pa + offset, 1));
	ASSERT_TRUE(sigbus_on_load(hp->map + offset, &seen));
	if (lab_poison_hits() == hits)
		lab_poison_del(hp->pa + offset, 1);
}

/*
 * Damage an @f->hp that exists already.  For a FIXTURE_SETUP(): this calls
 * CONTROL_READY(), and the teardown has to delete the poison.
 */
static inline void filled_break(struct __test_metadata *_metadata, struct filled *f)
{
	size_t i, size = f->hp.size;

	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	pattern_fill(f->hp.map, 0, size);
	f->raw[0] = 3 * BASE_PAGE;
	f->raw[1] = size / 2;
	f->raw[2] = size / 2 + BASE_PAGE;
	CONTROL_READY();
	for (i = 0; i < RAW_PAGES; i++)
		filled_consume(_metadata, &f->hp, f->raw[i]);
}

static inline void filled_create(struct __test_metadata *_metadata,
				 struct filled *f, size_t size)
{
	ASSERT_EQ(0, hugepage_create(&f->hp, size));
	filled_break(_metadata, f);
}

static inline bool filled_is_raw(const struct filled *f, size_t offset)
{
	size_t i;

	for (i = 0; i < RAW_PAGES; i++)
		if (offset / BASE_PAGE == f->raw[i] / BASE_PAGE)
			return true;
	return false;
}

/* Offset of a wrong word of the healthy base pages at @map, or -1. */
static inline long filled_check(const struct filled *f, const char *map)
{
	return pattern_check_healthy(map, f->hp.size, f->raw, RAW_PAGES);
}

/* The same for one word per base page: all bytes of 1 GiB would take long. */
static inline long filled_sample(const struct filled *f, const char *map)
{
	return pattern_sample_healthy(map, f->hp.size, f->raw, RAW_PAGES);
}

/* A load of each raw page raises SIGBUS, AR, for one base page. */
static inline void filled_expect_fatal(struct __test_metadata *_metadata,
				       const struct filled *f, const char *map)
{
	struct sigbus seen;
	size_t i;

	for (i = 0; i < RAW_PAGES; i++) {
		EXPECT_TRUE(sigbus_on_load(map + f->raw[i], &seen));
		EXPECT_EQ(BUS_MCEERR_AR, seen.code);
		EXPECT_EQ(12, seen.lsb);
	}
}

/* Still the same physical memory, mapped huge. */
static inline void filled_expect_in_place(struct __test_metadata *_metadata,
					  const struct filled *f, const char *map)
{
	EXPECT_EQ(f->hp.pa / BASE_PAGE, pagemap_pfn(map));
	EXPECT_EQ((f->hp.pa + f->hp.size) / BASE_PAGE - 1,
		  pagemap_pfn(map + f->hp.size - BASE_PAGE));
	EXPECT_TRUE(page_flags(f->hp.pa / BASE_PAGE) & PAGE_HUGE);
}

/* All of the above, with one word checked per base page. */
static inline void filled_expect_intact(struct __test_metadata *_metadata,
					const struct filled *f, const char *map)
{
	ASSERT_NE(NULL, map);
	EXPECT_EQ(-1, filled_sample(f, map));
	filled_expect_in_place(_metadata, f, map);
	filled_expect_fatal(_metadata, f, map);
}

#endif /* FILLED_H */
