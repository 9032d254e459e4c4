// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library with real machine checks, in the lab.  The argument is what the
 * kernel is said to have: keep, where 4 KiB are lost, or base, where the whole
 * huge page is and the library has to say so.  Prints TAP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mfr.h>

#include "poison.h"

#define HUGE_BYTES	(2UL << 20)
#define PAGES		4
#define PAGE		((uint64_t)MFR_PAGE_BYTES)
#define BAD		(HUGE_BYTES + 5 * PAGE + 256)	/* the lines that break */
#define BAD2		(HUGE_BYTES + 300 * PAGE)

static int count, failed;
static char buffer[HUGE_BYTES];

static void check(bool holds, const char *rule)
{
	failed += !holds;
	printf("%sok %d - %s\n", holds ? "" : "not ", ++count, rule);
}

static bool next_lost_is(struct mfr_region *r, uint64_t offset, uint64_t length)
{
	struct mfr_range range = { };

	mfr_ledger_next_lost(mfr_region_ledger(r), 0, &range);
	if (range.offset == offset && range.length == length)
		return true;
	printf("# lost: 0x%lx+0x%lx\n", range.offset, range.length);
	return false;
}

static void consume(struct mfr_context *c, struct mfr_region *r, bool keep)
{
	uint64_t start = keep ? BAD / PAGE * PAGE : HUGE_BYTES;
	uint64_t length = keep ? PAGE : HUGE_BYTES;
	int64_t hits = lab_poison_hits(), got;
	struct mfr_event e = { };

	got = mfr_read(r, HUGE_BYTES, buffer, HUGE_BYTES);
	check(got == BAD - HUGE_BYTES, "a read stops at the poisoned line");
	if (got != BAD - HUGE_BYTES)
		printf("# it did 0x%lx\n", got);
	check(got > 0 && !memcmp(buffer, mfr_region_address(r), got),
	      "what was read before is right");
	check(lab_poison_hits() == hits + 1, "that was one machine check");
	check(next_lost_is(r, start, length), keep ?
	      "the ledger says that the base page is lost" :
	      "the ledger says that the whole huge page is lost");
	check(mfr_event_next(c, &e) == 1 && e.region == r &&
	      e.range.offset == start && e.range.length == length &&
	      e.flags & MFR_EVENT_ACTION_REQUIRED, "an event says the same");
	check(mfr_read(r, BAD, buffer, 1) == -EHWPOISON &&
	      lab_poison_hits() == hits + 1,
	      "what is known to be lost is not touched again");
	got = mfr_read(r, HUGE_BYTES + 6 * PAGE, buffer, PAGE);
	check(keep ? got == (int64_t)PAGE && buffer[9] == 'm' :
	      got == -EHWPOISON, keep ?
	      "the page behind it is read as written" :
	      "the page behind it is refused");
}

static void scan(struct mfr_region *r, bool keep)
{
	int64_t hits = lab_poison_hits();
	int64_t found = mfr_scan(r, 0, mfr_region_bytes(r));

	check(found == (keep ? (int64_t)PAGE : 0), keep ?
	      "a scan finds the other error" :
	      "a scan does not look into a lost huge page");
	check(lab_poison_hits() - hits == keep, "with as many machine checks");
}

static void hand_over(struct mfr_context *c, struct mfr_region *r, bool keep)
{
	uint64_t lost = mfr_ledger_lost_bytes(mfr_region_ledger(r));
	struct mfr_region *copy;
	int pair[2];

	check(!mfr_region_import(c, mfr_region_fd(r), 0, &copy) &&
	      mfr_ledger_lost_bytes(mfr_region_ledger(copy)) ==
	      (keep ? lost : 0) && mfr_region_is_kept(copy) == keep, keep ?
	      "an import learns from the kernel what is lost" :
	      "an import learns nothing, as this kernel does not say");
	check(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair) &&
	      !mfr_region_send(r, pair[0]) && !mfr_region_destroy(copy) &&
	      !mfr_region_receive(c, pair[1], &copy) &&
	      mfr_ledger_lost_bytes(mfr_region_ledger(copy)) == lost,
	      "a successor knows what is lost");
	mfr_region_destroy(copy);
}

static void replace(struct mfr_region *r)
{
	char *map = mfr_region_address(r);

	check(!mfr_region_replace(r, BAD), "the page is replaced");
	check(mfr_read(r, HUGE_BYTES, buffer, HUGE_BYTES) == HUGE_BYTES &&
	      !buffer[BAD - HUGE_BYTES], "by one that can be read");
	check(map[0] == 'm' && map[2 * HUGE_BYTES] == 'm',
	      "the pages beside it are as before");
}

int main(int argc, char **argv)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = PAGES * HUGE_BYTES,
		.page_bytes = HUGE_BYTES, .node = -1,
		.flags = MFR_REGION_PREALLOC,
	};
	bool keep = argc > 1 && !strcmp(argv[1], "keep");
	int64_t pa, missed = lab_poison_missed();
	struct mfr_context *c;
	struct mfr_region *r;
	char *map;

	check(mfr_probe(HUGE_BYTES) == keep, "the probe says what is true");
	if (mfr_context_create(NULL, &c) || mfr_sigbus_install(c) ||
	    mfr_region_create(c, &o, &r)) {
		printf("Bail out! no region\n");
		return 1;
	}
	map = mfr_region_address(r);
	memset(map, 'm', mfr_region_bytes(r));
	pa = lab_pa(map + HUGE_BYTES);
	check(pa > 0 && !lab_poison_add(pa + BAD - HUGE_BYTES, 1) &&
	      !lab_poison_add(pa + BAD2 - HUGE_BYTES, 1), "memory breaks");
	consume(c, r, keep);
	scan(r, keep);
	hand_over(c, r, keep);
	replace(r);
	check(lab_poison_missed() == missed, "no load of poison was missed");
	lab_poison_clear();
	printf("1..%d\n", count);
	return !!failed;
}
