// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison that memscan finds is handled as each kind of memory allows, and its
 * would-be reader continues.  found.c has the first kinds; the control is the
 * same as there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poison.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <kselftest_harness.h>

#include "cachedfile.h"
#include "control.h"
#include "directmap.h"
#include "elfcore.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pages.h"
#include "pattern.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "ranges.h"
#include "scanner.h"
#include "sigbus.h"

#define LINE		64UL
#define PAGES_OF_2M	(SIZE_2M / BASE_PAGE)

FIXTURE(kinds)
{
	struct sigbus seen;
};

FIXTURE_SETUP(kinds)
{
	ASSERT_EQ(0, directmap_load());
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(kinds)
{
	scanner_end();
}

/*
 * The loss of a clean page of a file is harmless, and no process is notified.
 * Reading a mapping then raises no machine check; reader.c tests read().
 */
TEST_F(kinds, page_cache)
{
	struct cachedfile file;
	int64_t hits;

	ASSERT_EQ(0, cachedfile_create(&file));
	ASSERT_EQ(0, lab_poison_add(file.pa + LINE, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(file.pa, BASE_PAGE));
	hits = lab_poison_hits();
	EXPECT_FALSE(sigbus_on_load(file.map + LINE, &self->seen));
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(-1, pattern_check(file.map, 0, BASE_PAGE));
	EXPECT_EQ(0, sigbus_optional(NULL));
	EXPECT_NE(file.pa, lab_pa(file.map));
	EXPECT_TRUE(page_is_isolated(file.pa / BASE_PAGE));
	EXPECT_EQ('U', directmap_state(file.pa / BASE_PAGE));
	EXPECT_EQ(1, range_hits("recovered"));
}

/* Map a transparent huge page; NULL if there is none. */
static char *map_thp(void)
{
	char *p = mmap(NULL, 2 * SIZE_2M, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p = (char *)(((uintptr_t)p + SIZE_2M - 1) & -SIZE_2M);
	if (procfile_write("/sys/kernel/mm/transparent_hugepage/enabled",
			   "madvise") ||
	    madvise(p, SIZE_2M, MADV_HUGEPAGE))
		return NULL;
	pattern_fill(p, 0, SIZE_2M);
	return page_flags(pagemap_pfn(p)) & PAGE_COMPOUND_HEAD ? p : NULL;
}

/* The huge page is split, and one base page is lost. */
TEST_F(kinds, transparent_huge_page)
{
	const size_t raw[] = { 5 * BASE_PAGE };
	struct sigbus told = {};
	int64_t pa;
	char *p;

	p = map_thp();
	ASSERT_NE(NULL, p);
	pa = lab_pa(p);
	ASSERT_EQ(0, lab_poison_add(pa + raw[0] + LINE, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(pa, SIZE_2M));
	if (sigbus_optional(&told))
		ASSERT_EQ(0, pages_renew(p + raw[0]));
	ASSERT_FALSE(sigbus_on_load(p + raw[0] + LINE, &self->seen));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_EQ((uintptr_t)p + raw[0], told.addr & -BASE_PAGE);
	EXPECT_EQ(12, told.lsb);
	EXPECT_EQ(-1, pattern_check_healthy(p, SIZE_2M, raw, 1));
	EXPECT_TRUE(page_is_isolated((pa + raw[0]) / BASE_PAGE));
	EXPECT_EQ('U', directmap_state((pa + raw[0]) / BASE_PAGE));
	EXPECT_EQ('Y', directmap_state((pa + raw[0]) / BASE_PAGE + 1));
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ(PAGES_OF_2M, range_last("read_pages"));
}

/* All of a huge page that is not kept is lost, and it is not read any more. */
TEST_F(kinds, hugetlb_2m)
{
	const size_t raw = 5 * BASE_PAGE;
	struct hugepage lost, other;
	struct sigbus told = {};
	const char *used;

	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	ASSERT_EQ(0, hugepage_create_plain(&lost, SIZE_2M));
	ASSERT_EQ(0, hugepage_create_plain(&other, SIZE_2M));
	ASSERT_EQ(0, lab_poison_add(lost.pa + raw + LINE, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(lost.pa, SIZE_2M));
	/* The notified owner uses another page */
	used = sigbus_optional(&told) ? other.map : lost.map;
	ASSERT_FALSE(sigbus_on_load(used + raw + LINE, &self->seen));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_EQ((uintptr_t)lost.map, told.addr & -SIZE_2M);
	EXPECT_EQ(21, told.lsb);
	EXPECT_TRUE(sigbus_on_load(lost.map, &self->seen));
	EXPECT_EQ('U', directmap_state((lost.pa + raw) / BASE_PAGE));
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ(6, range_last("read_pages"));
	EXPECT_EQ(PAGES_OF_2M - 6,
		  range_last("hwpoison_pages"));
}

FIXTURE(gigantic)
{
	struct hugepage lost;
	struct sigbus seen;
};

FIXTURE_SETUP(gigantic)
{
	ASSERT_EQ(0, pool_want(SIZE_1G, 1));
	ASSERT_EQ(0, hugepage_create_plain(&self->lost, SIZE_1G));
	ASSERT_EQ(0, directmap_load());
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(gigantic)
{
	scanner_end();
}

/* The same with 1 GiB, and an error in its last line. */
TEST_F_TIMEOUT(gigantic, hugetlb_1g, 120)
{
	const size_t raw = SIZE_1G - LINE;
	struct sigbus told = {};
	char other[LINE] = {};
	const char *used;

	ASSERT_EQ(0, lab_poison_add(self->lost.pa + raw, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(self->lost.pa + SIZE_1G - SIZE_2M, SIZE_2M));
	used = sigbus_optional(&told) ? other : self->lost.map + raw;
	ASSERT_FALSE(sigbus_on_load(used, &self->seen));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_EQ((uintptr_t)self->lost.map, told.addr & -SIZE_1G);
	EXPECT_EQ(30, told.lsb);
	EXPECT_TRUE(sigbus_on_load(self->lost.map, &self->seen));
	EXPECT_EQ('U', directmap_state((self->lost.pa + raw) / BASE_PAGE));
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ(PAGES_OF_2M, range_last("read_pages"));
	ASSERT_EQ(0, range_read(self->lost.pa, SIZE_2M));
	EXPECT_EQ(PAGES_OF_2M,
		  range_last("hwpoison_pages"));
}

/* A message that fills a slab object of one page. */
struct message {
	long type;
	char text[BASE_PAGE - 48];	/* after the kernel's struct msg_msg */
};

/* The largest slab of such objects; slabs are aligned to their size. */
#define SLAB_PAGES	8
#define SLAB_BYTES	(SLAB_PAGES * BASE_PAGE)

/* The page that holds the text if the pages at @pa are its slab, or 0. */
static uint64_t find_in_slab(uint64_t pa, const uint64_t *flags,
			     const struct message *message)
{
	static char slab[SLAB_BYTES];
	uint64_t any = 0;
	size_t i;

	for (i = 0; i < SLAB_PAGES; i++)
		any |= flags[i];
	if (!(any & PAGE_SLAB) ||
	    elfcore_read("/proc/kcore", ELFCORE_PHYSICAL, pa, slab,
			 sizeof(slab)) != sizeof(slab))
		return 0;
	for (i = 0; i < SLAB_PAGES; i++)
		if (flags[i] & PAGE_SLAB &&
		    !memcmp(slab + (i + 1) * BASE_PAGE - sizeof(message->text),
			    message->text, sizeof(message->text)))
			return pa + i * BASE_PAGE;
	return 0;
}

/*
 * Send ourselves a message that is never received: receiving it would free a
 * slab that has a page with known poison.
 */
static uint64_t page_of_message(void)
{
	static struct message message = { .type = 1 };
	uint64_t flags[SLAB_PAGES], pa = 0, found = 0;
	int queue = msgget(IPC_PRIVATE, 0600);

	pattern_fill(message.text, 0, sizeof(message.text));
	if (queue < 0 || msgsnd(queue, &message, sizeof(message.text), 0))
		return 0;
	/* Up to the end of memory, where the flags end */
	for (; !found && !page_flags_read(pa / BASE_PAGE, SLAB_PAGES, flags);
	     pa += SLAB_BYTES)
		found = find_in_slab(pa, flags, &message);
	return found;
}

/* The kernel cannot give up its own page: it only marks the page. */
TEST_F_TIMEOUT(kinds, slab, 120)
{
	uint64_t pa = page_of_message();
	int64_t hits;

	ASSERT_LT(0, pa);
	ASSERT_EQ(0, lab_poison_add(pa + BASE_PAGE - LINE, 1));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(pa, 2 * BASE_PAGE));
	ASSERT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ('Y', directmap_state(pa / BASE_PAGE));
	EXPECT_EQ(0, sigbus_optional(NULL));
	EXPECT_EQ(0, range_hits("recovered"));
	EXPECT_EQ(1, range_hits("not_recovered"));
	/* The scan continued */
	EXPECT_EQ(2, range_last("read_pages"));

	hits = lab_poison_hits();
	ASSERT_EQ(0, range_read(pa, 2 * BASE_PAGE));
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(1, range_last("read_pages"));
	EXPECT_EQ(1, range_last("hwpoison_pages"));
}

/* The first error is found, the page is isolated, the second never read. */
TEST_F(kinds, two_errors_in_a_page)
{
	int64_t pa, hits = lab_poison_hits();
	char *p = pages_map(1);

	ASSERT_NE(NULL, p);
	pa = lab_pa(p);
	ASSERT_EQ(0, lab_poison_add(pa, 1));
	ASSERT_EQ(0, lab_poison_add(pa + BASE_PAGE - 8, 8));

	CONTROL_READY();
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	if (sigbus_optional(NULL))
		ASSERT_EQ(0, pages_renew(p));
	ASSERT_FALSE(sigbus_on_load(p, &self->seen));
	EXPECT_EQ(1, sigbus_optional(NULL));
	ASSERT_FALSE(sigbus_on_load(p + BASE_PAGE - 8, &self->seen));
	EXPECT_EQ(hits + 1, lab_poison_hits());
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ(1, range_last("hits"));
	ASSERT_EQ(0, range_read(pa, BASE_PAGE));
	EXPECT_EQ(hits + 1, lab_poison_hits());
}

/* A paused scan finds nothing; when resumed, it finds the poison. */
TEST_F(kinds, hit_after_pause)
{
	int64_t pa, hits = lab_poison_hits();
	char *p = pages_map(1);

	ASSERT_NE(NULL, p);
	pa = lab_pa(p);
	ASSERT_EQ(0, lab_poison_add(pa, 1));

	CONTROL_READY();
	if (!scanner_omitted()) {
		ASSERT_EQ(0, scanner_set("pause", "1"));
		ASSERT_EQ(0, range_start(pa, BASE_PAGE));
		usleep(100000);
		EXPECT_EQ(hits, lab_poison_hits());
		EXPECT_EQ(0, sigbus_optional(NULL));
		ASSERT_EQ(0, scanner_set("pause", "0"));
		EXPECT_TRUE(poll_until(range_ended() == 1));
	}
	if (sigbus_optional(NULL))
		ASSERT_EQ(0, pages_renew(p));
	ASSERT_FALSE(sigbus_on_load(p, &self->seen));
	EXPECT_EQ(1, sigbus_optional(NULL));
	EXPECT_EQ(1, range_hits("recovered"));
}

TEST_HARNESS_MAIN
