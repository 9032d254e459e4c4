// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which memory is lost is known whatever address the kernel names: that of any
 * mapping the program told of, and for a guarded access also any other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "pretend.h"
#include "region.h"

FIXTURE(access)
{
	struct mfr_region *region;
	const struct mfr_ledger *ledger;
	char *map, *other;
	struct mfr_event event;
};

FIXTURE_SETUP(access)
{
	context = scene_context(16);
	self->region = scene_region(context, 16);
	self->ledger = mfr_region_ledger(self->region);
	self->map = mfr_region_address(self->region);
	self->other = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   mfr_region_fd(self->region), 4 * PAGE);
	self->event.size = sizeof(self->event);
	ASSERT_NE(MAP_FAILED, self->other);
	pretend_start();
}

FIXTURE_TEARDOWN(access)
{
	mfr_region_destroy(self->region);
	munmap(self->other, 8 * PAGE);
	mfr_context_destroy(context);
}

/* An event of this page of the region, with these flags, and no further one. */
#define EXPECT_TOLD(page, f) do {					\
	ASSERT_EQ(1, mfr_event_next(context, &self->event));		\
	EXPECT_EQ(self->region, self->event.region);			\
	EXPECT_EQ((page) * PAGE, self->event.range.offset);		\
	EXPECT_EQ(PAGE, self->event.range.length);			\
	EXPECT_EQ((f), self->event.flags);				\
	EXPECT_EQ(0, mfr_event_next(context, &self->event));		\
} while (0)

TEST_F(access, errors_are_found_by_the_programs_mapping)
{
	siginfo_t info = { .si_signo = SIGBUS, .si_code = BUS_MCEERR_AO };

	info.si_addr = self->other + 3 * PAGE + 5;
	info.si_addr_lsb = 12;
	EXPECT_EQ(MFR_SIGBUS_NOT_MINE, mfr_sigbus(context, &info, NULL));
	ASSERT_EQ(0, mfr_region_add_mapping(self->region, self->other, 4 * PAGE,
					    8 * PAGE));
	EXPECT_EQ(MFR_SIGBUS_RESUME, mfr_sigbus(context, &info, NULL));
	EXPECT_TOLD(7, 0);
	ASSERT_EQ(0, mfr_region_remove_mapping(self->region, self->other));
	EXPECT_EQ(MFR_SIGBUS_NOT_MINE, mfr_sigbus(context, &info, NULL));
	EXPECT_EQ(PAGE, mfr_ledger_lost_bytes(self->ledger));
}

TEST_F(access, mappings_that_cannot_be_are_refused)
{
	struct mfr_region *r = self->region;
	char *at = self->other;

	EXPECT_EQ(-EINVAL, mfr_region_add_mapping(r, at + 1, 0, PAGE));
	EXPECT_EQ(-EINVAL, mfr_region_add_mapping(r, at, 1, PAGE));
	EXPECT_EQ(-EINVAL, mfr_region_add_mapping(r, at, 0, PAGE + 1));
	EXPECT_EQ(-EINVAL, mfr_region_add_mapping(r, NULL, 0, PAGE));
	EXPECT_EQ(-EINVAL, mfr_region_add_mapping(r, (char *)-PAGE, 0, 2 * PAGE));
	EXPECT_EQ(-ERANGE, mfr_region_add_mapping(r, at, 0, 0));
	EXPECT_EQ(-ERANGE, mfr_region_add_mapping(r, at, 15 * PAGE, 2 * PAGE));
	EXPECT_EQ(-EEXIST, mfr_region_add_mapping(r, self->map + PAGE, 0, PAGE));
	EXPECT_EQ(-ENOENT, mfr_region_remove_mapping(r, at));
	EXPECT_EQ(-ENOENT, mfr_region_remove_mapping(r, self->map));
	EXPECT_EQ(0, mfr_region_add_mapping(r, at, 4 * PAGE, 2 * PAGE));
	EXPECT_EQ(-EEXIST, mfr_region_add_mapping(r, at + PAGE, 5 * PAGE, PAGE));
	EXPECT_EQ(-ENOSPC, mfr_region_add_mapping(r, at + 2 * PAGE, 6 * PAGE, PAGE));
	EXPECT_EQ(-ENOENT, mfr_region_remove_mapping(r, at + PAGE));
	EXPECT_EQ(0, mfr_region_remove_mapping(r, at));
	EXPECT_EQ(0, mfr_region_add_mapping(r, at + 2 * PAGE, 6 * PAGE, PAGE));
}

/* The program has mapped the file, told nobody, and the kernel names that. */
TEST_F(access, a_guarded_read_ends_by_its_own_address)
{
	char buffer[3 * PAGE];
	uint64_t word;

	named = self->other + 77;
	break_page(self->map + 2 * PAGE);
	EXPECT_EQ(PAGE, mfr_read(self->region, PAGE, buffer, 3 * PAGE));
	EXPECT_TOLD(2, MFR_EVENT_ACTION_REQUIRED);
	EXPECT_EQ(-EHWPOISON, mfr_read(self->region, 2 * PAGE, buffer, 1));
	break_page(self->map + 5 * PAGE);
	EXPECT_EQ(-EHWPOISON, mfr_load64(self->region, 5 * PAGE + 8, &word));
	EXPECT_TOLD(5, MFR_EVENT_ACTION_REQUIRED);
	break_page(self->map + 9 * PAGE);
	EXPECT_EQ(PAGE, mfr_search(self->region, PAGE + 1, 14 * PAGE));
	EXPECT_TOLD(9, MFR_EVENT_ACTION_REQUIRED);
	break_page(self->map + 12 * PAGE);
	EXPECT_EQ(-EHWPOISON, mfr_copy(self->region, 0, self->region, 12 * PAGE, 8));
	EXPECT_TOLD(12, MFR_EVENT_ACTION_REQUIRED);
	EXPECT_EQ(4 * PAGE, mfr_ledger_lost_bytes(self->ledger));
	EXPECT_EQ(0, not_resumed);
}

/* What is known to be lost behind it is no reason to take it for told. */
TEST_F(access, the_last_line_of_a_page_is_told)
{
	char byte;

	named = self->other;
	mfr_region_mark(self->region, 9 * PAGE, PAGE);
	break_page(self->map + 8 * PAGE);
	EXPECT_EQ(-EHWPOISON, mfr_read(self->region, 9 * PAGE - 1, &byte, 1));
	EXPECT_TOLD(8, MFR_EVENT_ACTION_REQUIRED);
	mfr_region_mark(self->region, 5 * PAGE, PAGE);
	break_page(self->map + 4 * PAGE);
	EXPECT_EQ(8, mfr_search(self->region, 5 * PAGE - 8, 8));
	EXPECT_TOLD(4, MFR_EVENT_ACTION_REQUIRED);
}

/* Two contexts have the same memory, and the signal is told to the other one. */
TEST_F(access, a_guarded_read_needs_no_mapping_at_all)
{
	struct mfr_context *mine = context;
	char byte;

	context = scene_context(4);
	break_page(self->map);
	EXPECT_EQ(-EHWPOISON, mfr_read(self->region, 0, &byte, 1));
	EXPECT_EQ(PAGE, mfr_ledger_lost_bytes(self->ledger));
	mfr_context_destroy(context);
	context = mine;
	EXPECT_TOLD(0, MFR_EVENT_ACTION_REQUIRED);
}

/* The kernel gives a store's own address, as it raises no machine check. */
TEST_F(access, a_guarded_write_blames_the_right_side)
{
	char *buffer = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	break_page(self->map + 3 * PAGE);
	EXPECT_EQ(8, mfr_write(self->region, 3 * PAGE - 8, buffer, 16));
	EXPECT_TOLD(3, MFR_EVENT_ACTION_REQUIRED);
	break_page(self->map + 6 * PAGE);
	EXPECT_EQ(-EHWPOISON, mfr_copy(self->region, 6 * PAGE, self->region, 0, 8));
	EXPECT_TOLD(6, MFR_EVENT_ACTION_REQUIRED);
	/* The program's own memory is not the region's */
	break_page(buffer);
	EXPECT_EQ(-EFAULT, mfr_read(self->region, 8 * PAGE, buffer, 1));
	EXPECT_EQ(-EFAULT, mfr_write(self->region, 8 * PAGE, buffer, 1));
	EXPECT_EQ(0, mfr_event_next(context, &self->event));
	EXPECT_EQ(2 * PAGE, mfr_ledger_lost_bytes(self->ledger));
	munmap(buffer, PAGE);
}

/* Where nothing is guarded, an unknown address is the program's own business. */
TEST_F(access, control_a_raw_load_does_not_resume)
{
	named = self->other;
	break_page(self->map);
	EXPECT_EQ(0, *(volatile char *)self->map);
	EXPECT_EQ(1, not_resumed);
	EXPECT_EQ(0, mfr_ledger_lost_bytes(self->ledger));
}

TEST_F(access, a_search_counts_what_it_found_itself)
{
	break_page(self->map + 4 * PAGE);
	break_page(self->map + 5 * PAGE);
	mfr_region_mark(self->region, 6 * PAGE, PAGE);
	EXPECT_EQ(2 * PAGE, mfr_search(self->region, 0, 16 * PAGE));
	EXPECT_EQ(0, mfr_search(self->region, 0, 16 * PAGE));
	break_page(self->map + 10 * PAGE);
	EXPECT_EQ(10, mfr_search(self->region, 11 * PAGE - 10, 100));
	EXPECT_EQ(4 * PAGE, mfr_ledger_lost_bytes(self->ledger));
}

TEST_F(access, a_search_of_a_byte_reads_its_line)
{
	break_page(self->map + 4 * PAGE);
	EXPECT_EQ(0, mfr_search(self->region, 4 * PAGE - 1, 1));
	EXPECT_EQ(0, mfr_search(self->region, 5 * PAGE, 1));
	EXPECT_EQ(1, mfr_search(self->region, 4 * PAGE, 1));
	EXPECT_TOLD(4, MFR_EVENT_ACTION_REQUIRED);
	break_page(self->map + 7 * PAGE);
	EXPECT_EQ(1, mfr_search(self->region, 8 * PAGE - 1, 1));
	EXPECT_TOLD(7, MFR_EVENT_ACTION_REQUIRED);
}

TEST_F(access, the_last_line_of_a_region_is_read)
{
	break_page(self->map + 15 * PAGE);
	EXPECT_EQ(1, mfr_search(self->region, 16 * PAGE - 1, 1));
	EXPECT_TOLD(15, MFR_EVENT_ACTION_REQUIRED);
}

/* The kernel names another mapping, and after the line there is nothing. */
TEST_F(access, the_last_line_of_a_region_is_told)
{
	char byte;

	named = self->other;
	break_page(self->map + 15 * PAGE);
	EXPECT_EQ(-EHWPOISON, mfr_read(self->region, 16 * PAGE - 1, &byte, 1));
	EXPECT_TOLD(15, MFR_EVENT_ACTION_REQUIRED);
}

/* As without the policy: the first error takes all of the huge page. */
TEST_F(access, a_search_counts_whole_huge_pages)
{
	self->region->page_bytes = 8 * PAGE;
	self->region->whole = true;
	named = self->other;
	break_page(self->map + 10 * PAGE);
	EXPECT_EQ(7 * PAGE, mfr_search(self->region, 9 * PAGE, 7 * PAGE));
	EXPECT_EQ(8 * PAGE, mfr_ledger_lost_bytes(self->ledger));
}

TEST_HARNESS_MAIN
