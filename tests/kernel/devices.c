// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 5 and 9: devices that share page tables with a process, and
 * device memory that a process maps.  Needs a boot of its own, with the device
 * of bar.h and the module /test_hmm.ko.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poison.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <kselftest_harness.h>

#include "lib/test_hmm_uapi.h"	/* from the kernel's source */

#include "bar.h"
#include "control.h"
#include "filled.h"
#include "hugepage.h"
#include "module.h"
#include "pattern.h"
#include "pool.h"
#include "sigbus.h"
#include "uring.h"

/*
 * lib/test_hmm.c: a device without hardware that gets a process' pages from
 * hmm_range_fault() and then loads from and stores to them.
 */
FIXTURE(hmm)
{
	struct filled f;
	int device;
};

FIXTURE_SETUP(hmm)
{
	ASSERT_EQ(0, module_want("/test_hmm.ko"));
	self->device = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	filled_create(_metadata, &self->f, SIZE_2M);
}

FIXTURE_TEARDOWN_PARENT(hmm)
{
	lab_poison_clear();
}

/* Have the device copy @pages from or to @offset; 0 or -errno. */
static int device_does(int device, const struct filled *f, unsigned long what,
		       size_t offset, void *data, size_t pages)
{
	struct hmm_dmirror_cmd cmd = {
		.addr = (uintptr_t)f->hp.map + offset,
		.ptr = (uintptr_t)data,
		.npages = pages,
	};

	return ioctl(device, what, &cmd) ? -errno : 0;
}

#define DATA_PAGES	4
static char data[DATA_PAGES * BASE_PAGE] __attribute__((aligned(4096)));

/* Rule 9: it gets every healthy page, but no raw one, alone or in a range. */
TEST_F(hmm, device_loads_healthy_pages)
{
	const struct filled *f = &self->f;
	int64_t hits = lab_poison_hits();
	size_t before, behind, i;

	for (i = 0; i < RAW_PAGES; i++)
		EXPECT_EQ(-EFAULT, device_does(self->device, f,
					       HMM_DMIRROR_READ, f->raw[i],
					       data, 1));
	before = f->raw[1] - DATA_PAGES * BASE_PAGE;
	ASSERT_EQ(0, device_does(self->device, f, HMM_DMIRROR_READ, before,
				 data, DATA_PAGES));
	EXPECT_EQ(-1, pattern_check(data, before, sizeof(data)));
	behind = f->raw[2] + BASE_PAGE;
	ASSERT_EQ(0, device_does(self->device, f, HMM_DMIRROR_READ, behind,
				 data, DATA_PAGES));
	EXPECT_EQ(-1, pattern_check(data, behind, sizeof(data)));
	EXPECT_EQ(-EFAULT, device_does(self->device, f, HMM_DMIRROR_READ,
				       f->raw[1] - BASE_PAGE, data, 2));
	EXPECT_EQ(hits, lab_poison_hits());
	filled_expect_intact(_metadata, f, f->hp.map);
}

/* Rule 9: the same for its stores. */
TEST_F(hmm, device_stores_to_healthy_pages)
{
	const struct filled *f = &self->f;
	size_t behind = f->raw[0] + BASE_PAGE;

	EXPECT_EQ(-EFAULT, device_does(self->device, f, HMM_DMIRROR_WRITE,
				       f->raw[0], data, 1));
	pattern_fill(data, 0, BASE_PAGE);
	ASSERT_EQ(0, device_does(self->device, f, HMM_DMIRROR_WRITE, behind,
				 data, 1));
	EXPECT_EQ(-1, pattern_check(f->hp.map + behind, 0, BASE_PAGE));
	filled_expect_fatal(_metadata, f, f->hp.map);
}

/*
 * Rule 9: a snapshot shows a driver which pages it cannot have; and no page is
 * reported as mapped with all of its folio (PROT_PMD).
 */
TEST_F(hmm, snapshot_tells_raw_pages)
{
	static unsigned char seen[SIZE_2M / BASE_PAGE];
	const struct filled *f = &self->f;
	size_t i;

	ASSERT_EQ(0, device_does(self->device, f, HMM_DMIRROR_SNAPSHOT, 0,
				 seen, SIZE_2M / BASE_PAGE));
	for (i = 0; i < SIZE_2M / BASE_PAGE; i++) {
		if (filled_is_raw(f, i * BASE_PAGE)) {
			EXPECT_EQ(HMM_DMIRROR_PROT_ERROR, seen[i]);
			continue;
		}
		ASSERT_EQ(HMM_DMIRROR_PROT_WRITE, seen[i]);
	}
}

/*
 * A process that maps 1 GiB of device memory, and at a lower address RAM that
 * stays mapped after an error: a page of the kernel, here the one that holds a
 * ring's requests.
 */
#define BAR_ADDRESS	((void *)(1UL << 40))
#define UNUSED_REQUEST	2048	/* the only request is at the page's start */

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

/* Count the page faults of loads from both ends and the middle. */
static long faults_of_loads(const struct bar *bar)
{
	const volatile char *map = bar->map;
	long before = faults();

	(void)map[0];
	(void)map[bar->size / 2];
	(void)map[bar->size - 1];
	return faults() - before;
}

/* The second time the poison is known, so the kernel walks the page tables. */
static void consume_twice(struct __test_metadata *_metadata, char *addr)
{
	struct sigbus seen;

	ASSERT_EQ(0, lab_poison_add(lab_pa(addr), 1));
	ASSERT_TRUE(sigbus_on_load(addr, &seen));
	ASSERT_TRUE(sigbus_on_load(addr, &seen));
	ASSERT_EQ(BUS_MCEERR_AR, seen.code);
	ASSERT_EQ((uintptr_t)addr & -BASE_PAGE, seen.addr);
}

/*
 * Rule 5, for memory that the error does not concern: the huge mapping of the
 * device memory stays.  A page fault would show that it was removed.
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
