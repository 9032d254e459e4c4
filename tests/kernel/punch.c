// SPDX-License-Identifier: GPL-2.0-only
/*
 * A defect of stock 6.12, which the series mends: an error in a huge page that
 * is about to be zeroed in part, by a hole punch that zeroes a part of another
 * one first, hangs both for ever, and with them all handling of errors.  So
 * nothing can follow this program in its boot.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poison.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "hugepage.h"
#include "polling.h"
#include "pool.h"
#include "raise.h"

/* Within the time that it takes to zero 1 GiB, far from both of its ends. */
#define INTO_ZEROING_US	50000
#define PATIENCE	20	/* times poll_until() */

/* Shared with the processes that may hang. */
struct progress {
	bool ready, punched, injected;
	int punch_error, inject_error;
};

static bool comes_true(const volatile bool *event)
{
	int i;

	for (i = 0; i < PATIENCE; i++)
		if (poll_until(*event))
			return true;
	return false;
}

static void inject_while_zeroing(volatile struct progress *progress,
				 const volatile char *zeroed, unsigned long pfn)
{
	/* The first load maps the page here, which zeroing would hold up. */
	progress->ready = *zeroed;
	while (*zeroed)
		;
	usleep(INTO_ZEROING_US);
	progress->inject_error = error_inject_pfn(pfn);
	progress->injected = true;
	_exit(0);
}

/* Punch all of the first page but its start, and the start of the second. */
static void punch(volatile struct progress *progress)
{
	int fd = hugepage_memfd(SIZE_1G);
	unsigned long pfn;
	char *map;

	if (fd < 0 || ftruncate(fd, 2 * SIZE_1G))
		_exit(1);
	map = mmap(NULL, 2 * SIZE_1G, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		_exit(1);
	map[BASE_PAGE] = 1;
	map[SIZE_1G] = 1;
	pfn = lab_pa(map + SIZE_1G) / BASE_PAGE;
	if (!fork())
		inject_while_zeroing(progress, map + BASE_PAGE, pfn);
	comes_true(&progress->ready);
	progress->punch_error =
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  BASE_PAGE, SIZE_1G);
	progress->punched = true;
	_exit(0);
}

/* This process must not map the file: it could not even exit. */
TEST(punch_meets_error)
{
	volatile struct progress *progress;

	progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, progress);
	ASSERT_EQ(0, pool_want(SIZE_1G, 2));
	if (!fork())
		punch(progress);
	ASSERT_TRUE(comes_true(&progress->ready));
	CONTROL_READY();
	ASSERT_TRUE(comes_true(&progress->punched));
	ASSERT_TRUE(comes_true(&progress->injected));
	EXPECT_EQ(0, progress->punch_error);
	EXPECT_EQ(0, progress->inject_error);
}

TEST_HARNESS_MAIN
