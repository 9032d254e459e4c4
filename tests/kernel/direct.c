// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 19: a raw page stays in the direct map while the folio is kept,
 * because users of a pin access it there; the release removes it.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "directmap.h"
#include "filled.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pin.h"
#include "polling.h"
#include "pool.h"
#include "raise.h"

FIXTURE(kept)
{
	struct filled f;
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, directmap_load());
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	filled_create(_metadata, &self->f, SIZE_2M);
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	lab_poison_clear();
}

static void expect_all(struct __test_metadata *_metadata,
		       const struct filled *f, char raw, char healthy)
{
	size_t offset;

	for (offset = 0; offset < f->hp.size; offset += BASE_PAGE)
		EXPECT_EQ(filled_is_raw(f, offset) ? raw : healthy,
			  directmap_state(hugepage_pfn(&f->hp, offset)));
}

/* mf_keep_hide() logs nothing; the release after which it runs does. */
static void await_release(struct __test_metadata *_metadata,
			  const struct filled *f)
{
	ASSERT_TRUE(poll_until(
		kmsg_count("%#lx: kept huge page left the pool",
			   hugepage_pfn(&f->hp, 0)) == 1));
	ASSERT_TRUE(poll_until(
		directmap_state(hugepage_pfn(&f->hp, f->raw[2])) == 'N'));
}

TEST_F(kept, there_until_released)
{
	expect_all(_metadata, &self->f, 'Y', 'Y');
	hugepage_close(&self->f.hp);
	await_release(_metadata, &self->f);
	expect_all(_metadata, &self->f, 'N', 'Y');
}

/* A pin outlives the file and the mapping. */
TEST_F(kept, there_while_pinned)
{
	int pin = pin_long_term(self->f.hp.map, BASE_PAGE);

	ASSERT_LE(0, pin);
	hugepage_close(&self->f.hp);
	expect_all(_metadata, &self->f, 'Y', 'Y');
	close(pin);
	await_release(_metadata, &self->f);
	expect_all(_metadata, &self->f, 'N', 'Y');
}

FIXTURE(simulated)
{
	struct hugepage hp;
	unsigned long pfn;
};

FIXTURE_SETUP(simulated)
{
	struct sigbus seen;

	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, directmap_load());
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	self->pfn = hugepage_pfn(&self->hp, 0);
	CONTROL_READY();
	ASSERT_EQ(0, error_raise(&self->hp, 0, ERROR_MADVISE, &seen));
}

FIXTURE_TEARDOWN_PARENT(simulated)
{
	lab_poison_clear();
}

/* A page that a test has marked is really lost once that is met in it. */
TEST_F(simulated, removed_after_a_real_error)
{
	struct sigbus seen;

	ASSERT_EQ(0, lab_poison_add(self->hp.pa, 1));
	ASSERT_TRUE(sigbus_on_load(self->hp.map, &seen));
	EXPECT_EQ('Y', directmap_state(self->pfn));
	hugepage_close(&self->hp);
	EXPECT_TRUE(poll_until(directmap_state(self->pfn) == 'N'));
}

TEST_HARNESS_MAIN
