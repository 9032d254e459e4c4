// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 5: device memory that a process has mapped.  In a boot of its own,
 * which has the device of bar.h.
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <poison.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <kselftest_harness.h>

#include "bar.h"
#include "control.h"
#include "hugepage.h"
#include "sigbus.h"
#include "uring.h"

/*
 * A process that has mapped 1 GiB of device memory, and below an address of
 * RAM that stays mapped after an error: a page of the kernel's, as the page
 * that a ring has for its requests is.
 */
#define BAR_ADDRESS	((void *)(1UL << 40))
#define UNUSED_REQUEST	2048	/* the ring has one, at the page's start */

FIXTURE(bar)
{
	struct uring ring;
	struct bar bar;
	char *page;
};

FIXTURE_SETUP(bar)
{
	ASSERT_EQ(0, bar_open(&self->bar, BAR_ADDRESS));
	ASSERT_EQ(SIZE_1G, self->bar.size);
	ASSERT_EQ(0, uring_open(&self->ring));
	self->page = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, self->ring.fd,
			  IORING_OFF_SQES);
	ASSERT_NE(MAP_FAILED, self->page);
	ASSERT_LT((char *)BAR_ADDRESS, self->page);
	sigbus_catch();
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(bar)
{
	lab_poison_clear();
}

static long faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* Page faults of loads from both ends and the middle of device memory. */
static long faults_of_loads(const struct bar *bar)
{
	const volatile char *map = bar->map;
	long before = faults();

	(void)map[0];
	(void)map[bar->size / 2];
	(void)map[bar->size - 1];
	return faults() - before;
}

/* Known, as it is the second time: found by a walk of all page tables. */
static void consume_twice(struct __test_metadata *_metadata, char *addr)
{
	struct sigbus seen;

	ASSERT_EQ(0, lab_poison_add(lab_pa(addr), 1));
	ASSERT_TRUE(sigbus_on_load(addr, &seen));
	ASSERT_TRUE(sigbus_on_load(addr, &seen));
	ASSERT_EQ(BUS_MCEERR_AR, seen.code);
	ASSERT_EQ((uintptr_t)addr, seen.addr);
}

/*
 * Rule 5, for those who have nothing to do with the error: the huge mapping of
 * device memory stays.  It is one page fault if it goes.
 */
TEST_F(bar, huge_mapping_survives_search)
{
	faults_of_loads(&self->bar);
	ASSERT_EQ(0, faults_of_loads(&self->bar));
	consume_twice(_metadata, self->page + UNUSED_REQUEST);
	EXPECT_EQ(0, faults_of_loads(&self->bar));
	consume_twice(_metadata, self->page + UNUSED_REQUEST);
	EXPECT_EQ(0, faults_of_loads(&self->bar));
}

TEST_HARNESS_MAIN
