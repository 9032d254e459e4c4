// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests that need no broken memory: whether CPUs are fit, pace, blocks near a
 * hit, ranges, choice of pages, and the walk. A separate module, memscan_kunit,
 * contains copies of the files under test, and fakes what they call.
 */

#include "capability.c"

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/module.h>

#include "nearby.c"
#include "pace.c"
#include "walk.c"

#define SECONDS(n)	((n) * 1ULL * NSEC_PER_SEC)
#define MIB(n)		((n) * 1ULL << 20)

/*
 * Fit CPUs
 */

#define GOOD	(MCG_SER_P | MCG_LMCE_P)

static void intel_has_local_machine_checks_on(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, intel_refusal(GOOD, MCG_EXT_CTL_LMCE_EN));
	KUNIT_EXPECT_NOT_NULL(test, intel_refusal(GOOD, 0));
	KUNIT_EXPECT_NOT_NULL(test, intel_refusal(GOOD, ~MCG_EXT_CTL_LMCE_EN));
	KUNIT_EXPECT_NOT_NULL(test, intel_refusal(MCG_SER_P,
						  MCG_EXT_CTL_LMCE_EN));
	KUNIT_EXPECT_NOT_NULL(test, intel_refusal(MCG_LMCE_P,
						  MCG_EXT_CTL_LMCE_EN));
}

/* Machine checks are off for a moment, on the CPU that asks only. */
static void one_unfit_cpu_refuses(struct kunit *test)
{
	struct check *check = &checks[1];
	const char *on, *off;
	unsigned long flags;

	local_irq_save(flags);
	on = check->refusal();
	cr4_update_irqsoff(0, X86_CR4_MCE);
	off = check->refusal();
	memscan_capability_add_cpu(smp_processor_id());
	cr4_update_irqsoff(X86_CR4_MCE, 0);
	local_irq_restore(flags);

	KUNIT_EXPECT_NULL(test, on);
	KUNIT_ASSERT_NOT_NULL(test, off);
	KUNIT_EXPECT_STREQ(test, off, verdict(check));
	force = true;
	KUNIT_EXPECT_STREQ(test, off, memscan_machine_refusal());
	force = false;
	memscan_capability_del_cpu(cpumask_first(&check->refusing));
	KUNIT_EXPECT_NULL(test, verdict(check));
}

/*
 * Pace
 */

/* A pass of 100 s over 100 MiB that has covered @done after @elapsed. */
static u64 wait_after(enum memscan_pace pace, u64 done, u64 elapsed,
		      u64 burst_ns)
{
	const struct memscan_target target = {
		.cycle_ns = SECONDS(100),
		.total_bytes = MIB(100),
	};
	const struct memscan_progress progress = {
		.pace = pace,
		.elapsed_ns = elapsed,
		.done_bytes = done,
		.burst_bytes = MIB(4),
		.burst_ns = burst_ns,
	};

	return memscan_wait_ns(&target, &progress);
}

/* On time: wait until it is due. Ahead: wait no longer than a share. */
static void pace_is_even(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, SECONDS(3),
			wait_after(MEMSCAN_PACE_NORMAL, MIB(8), SECONDS(5), 0));
	KUNIT_EXPECT_EQ(test, SECONDS(4),
			wait_after(MEMSCAN_PACE_NORMAL, MIB(8), SECONDS(4), 0));
	KUNIT_EXPECT_EQ(test, SECONDS(4),
			wait_after(MEMSCAN_PACE_NORMAL, MIB(80), SECONDS(4), 0));
}

static void pace_catches_up(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0,
			wait_after(MEMSCAN_PACE_NORMAL, MIB(8), SECONDS(8), 0));
	KUNIT_EXPECT_EQ(test, 0,
			wait_after(MEMSCAN_PACE_NORMAL, MIB(8), SECONDS(99), 0));
}

static void pace_follows_the_load(struct kunit *test)
{
	/* Twice a share, whatever is due */
	KUNIT_EXPECT_EQ(test, SECONDS(8),
			wait_after(MEMSCAN_PACE_SLOW, MIB(8), SECONDS(4), 0));
	KUNIT_EXPECT_EQ(test, SECONDS(7),
			wait_after(MEMSCAN_PACE_SLOW, MIB(8), SECONDS(99),
				   SECONDS(1)));
	KUNIT_EXPECT_EQ(test, 0,
			wait_after(MEMSCAN_PACE_SLOW, MIB(8), SECONDS(99),
				   SECONDS(9)));
}

/* Waits as the cap demands them, which end @late_ns late. */
static u64 share_ppm(unsigned int percent, u64 burst_ns, u64 late_ns)
{
	struct memscan_budget budget = {};
	u64 now = SECONDS(5), used = SECONDS(1), start, wait;

	memscan_budget_wait_ns(&budget, percent, now, used);
	for (start = now; now - start < SECONDS(100);) {
		now += burst_ns;
		used += burst_ns;
		wait = memscan_budget_wait_ns(&budget, percent, now, used);
		now += wait ? wait + late_ns : 0;
	}
	return div64_u64((used - SECONDS(1)) * 1000000, now - start);
}

/* Within a tenth of itself, for bursts of 0.1 ms and 30 ms. */
static void cap_holds(struct kunit *test)
{
	static const unsigned int percents[] = { 1, 5, 25, 50, 90, 100 };
	static const u64 bursts[] = { 100000, 30000000 };
	u64 want, got;
	int i, k;

	for (i = 0; i < ARRAY_SIZE(percents); i++) {
		for (k = 0; k < ARRAY_SIZE(bursts); k++) {
			want = percents[i] * 10000;
			got = share_ppm(percents[i], bursts[k], 50000);
			KUNIT_EXPECT_GE(test, got, want - want / 10);
			KUNIT_EXPECT_LE(test, got, want + want / 10);
		}
	}
}

/* A tick of 10 ms late, as with HZ=100: what is owed is made up for. */
static void cap_survives_late_timers(struct kunit *test)
{
	u64 got = share_ppm(25, 1000000, 10000000);

	KUNIT_EXPECT_GE(test, got, 225000);
	KUNIT_EXPECT_LE(test, got, 275000);
}

/* A long rest is no licence for a long burst. */
static void cap_gives_little_credit(struct kunit *test)
{
	struct memscan_budget budget = {};

	KUNIT_EXPECT_EQ(test, 0, memscan_budget_wait_ns(&budget, 10, 0, 0));
	KUNIT_EXPECT_EQ(test, 0,
			memscan_budget_wait_ns(&budget, 10, SECONDS(60), 0));
	KUNIT_EXPECT_EQ(test, SECONDS(10) - MEMSCAN_CREDIT_NS,
			memscan_budget_wait_ns(&budget, 10, SECONDS(60),
					       SECONDS(1)));
	/* A new cap counts from now on */
	KUNIT_EXPECT_EQ(test, 0, memscan_budget_wait_ns(&budget, 1, SECONDS(60),
							SECONDS(1)));
}

/* How long does a pass take at the same pace throughout? */
static u64 pass_ns(enum memscan_pace pace, u64 cycle_ns, u64 total_bytes)
{
	const struct memscan_target target = {
		.cycle_ns = cycle_ns,
		.total_bytes = total_bytes,
	};
	struct memscan_progress progress = {
		.pace = pace,
		.burst_bytes = MEMSCAN_BURST_BYTES,
		.burst_ns = 1000,
	};

	while (progress.done_bytes < total_bytes) {
		progress.done_bytes += progress.burst_bytes;
		progress.elapsed_ns += progress.burst_ns;
		progress.elapsed_ns += memscan_wait_ns(&target, &progress);
	}
	return progress.elapsed_ns;
}

static void pace_makes_the_cycle(struct kunit *test)
{
	const u64 day = SECONDS(86400), year = 366 * SECONDS(86400);
	u64 ns;

	KUNIT_EXPECT_EQ(test, day, pass_ns(MEMSCAN_PACE_NORMAL, day, MIB(1 << 20)));
	KUNIT_EXPECT_EQ(test, year, pass_ns(MEMSCAN_PACE_NORMAL, year, MIB(1 << 20)));
	/* Twice within 0.1 %: bursts take time as well */
	ns = pass_ns(MEMSCAN_PACE_SLOW, day, MIB(1 << 20));
	KUNIT_EXPECT_GE(test, ns, 2 * day - day / 1000);
	KUNIT_EXPECT_LE(test, ns, 2 * day);
}

/* On demand there is no cycle; and all memory can go offline. */
static void pace_without_a_cycle(struct kunit *test)
{
	struct memscan_target target = {};
	struct memscan_progress progress = {
		.done_bytes = MIB(4), .burst_bytes = MIB(4), .burst_ns = 100,
	};

	KUNIT_EXPECT_EQ(test, 0, memscan_wait_ns(&target, &progress));
	target.total_bytes = MIB(100);
	KUNIT_EXPECT_EQ(test, 0, memscan_wait_ns(&target, &progress));
	target.total_bytes = 0;
	target.cycle_ns = SECONDS(7);
	KUNIT_EXPECT_EQ(test, SECONDS(7), memscan_wait_ns(&target, &progress));
	target.total_bytes = MIB(1);
	KUNIT_EXPECT_EQ(test, SECONDS(7), memscan_wait_ns(&target, &progress));
}

static void pace_knows_slow_reads(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, memscan_is_slow(2000, 10, 5000, 50));
	KUNIT_EXPECT_TRUE(test, memscan_is_slow(2001, 10, 5000, 50));
	KUNIT_EXPECT_FALSE(test, memscan_is_slow(2001, 10, 0, 0));
	/* A year of bursts */
	KUNIT_EXPECT_TRUE(test, memscan_is_slow(SECONDS(1), 1024,
						366 * SECONDS(86400), 1ULL << 36));
}

/*
 * Ranges
 */

static void range_has_its_start_only(struct kunit *test)
{
	const struct memscan_range range = { 10, 20 }, empty = { 10, 10 };

	KUNIT_EXPECT_FALSE(test, memscan_range_has(&range, 9));
	KUNIT_EXPECT_TRUE(test, memscan_range_has(&range, 10));
	KUNIT_EXPECT_TRUE(test, memscan_range_has(&range, 19));
	KUNIT_EXPECT_FALSE(test, memscan_range_has(&range, 20));
	KUNIT_EXPECT_FALSE(test, memscan_range_has(&empty, 10));
}

static void range_next_is_aligned(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 512, memscan_range_next(0, 512, 5000));
	KUNIT_EXPECT_EQ(test, 512, memscan_range_next(511, 512, 5000));
	KUNIT_EXPECT_EQ(test, 1024, memscan_range_next(512, 512, 5000));
	KUNIT_EXPECT_EQ(test, 600, memscan_range_next(512, 512, 600));
}

static void range_percent_counts_what_is_done(struct kunit *test)
{
	const struct memscan_range range = { 100, 300 }, empty = { 7, 7 };
	const struct memscan_range huge = { 0, 1UL << 52 };

	KUNIT_EXPECT_EQ(test, 0, memscan_range_percent(&range, 0));
	KUNIT_EXPECT_EQ(test, 0, memscan_range_percent(&range, 101));
	KUNIT_EXPECT_EQ(test, 50, memscan_range_percent(&range, 200));
	KUNIT_EXPECT_EQ(test, 99, memscan_range_percent(&range, 299));
	KUNIT_EXPECT_EQ(test, 100, memscan_range_percent(&range, 999));
	KUNIT_EXPECT_EQ(test, 0, memscan_range_percent(&empty, 7));
	KUNIT_EXPECT_EQ(test, 25, memscan_range_percent(&huge, 1UL << 50));
}

/*
 * Blocks near a hit
 */

static long next_block(struct memscan_nearby *nearby)
{
	struct memscan_range range;

	if (!memscan_nearby_next(nearby, &range))
		return -1;
	if (range.end - range.start != MEMSCAN_NEARBY_PAGES ||
	    range.start % MEMSCAN_NEARBY_PAGES)
		return -2;
	return range.start / MEMSCAN_NEARBY_PAGES;
}

static void nearby_goes_outwards(struct kunit *test)
{
	struct memscan_nearby nearby;

	memscan_nearby_init(&nearby);
	KUNIT_EXPECT_FALSE(test, memscan_nearby_pending(&nearby));
	memscan_nearby_add_hit(&nearby, 10 * MEMSCAN_NEARBY_PAGES + 5);
	KUNIT_EXPECT_TRUE(test, memscan_nearby_pending(&nearby));
	KUNIT_EXPECT_EQ(test, 10, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 9, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 11, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, -1, next_block(&nearby));
	/* There is no block before the first */
	memscan_nearby_add_hit(&nearby, 0);
	KUNIT_EXPECT_EQ(test, 0, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 1, next_block(&nearby));
	KUNIT_EXPECT_FALSE(test, memscan_nearby_pending(&nearby));
	memscan_nearby_clear(&nearby);
}

static void nearby_is_read_once_a_pass(struct kunit *test)
{
	struct memscan_nearby nearby;

	memscan_nearby_init(&nearby);
	memscan_nearby_add_hit(&nearby, 10 * MEMSCAN_NEARBY_PAGES);
	while (next_block(&nearby) >= 0)
		;
	memscan_nearby_add_hit(&nearby, 11 * MEMSCAN_NEARBY_PAGES);
	KUNIT_EXPECT_EQ(test, 12, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, -1, next_block(&nearby));
	/* Blocks queued when a pass begins stay queued */
	memscan_nearby_add_hit(&nearby, 13 * MEMSCAN_NEARBY_PAGES);
	memscan_nearby_new_pass(&nearby);
	memscan_nearby_add_hit(&nearby, 11 * MEMSCAN_NEARBY_PAGES);
	KUNIT_EXPECT_EQ(test, 11, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 13, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 10, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 12, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 14, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, -1, next_block(&nearby));
	memscan_nearby_clear(&nearby);
}

static void nearby_takes_new_memory(struct kunit *test)
{
	const struct memscan_range came = {
		3 * MEMSCAN_NEARBY_PAGES, 5 * MEMSCAN_NEARBY_PAGES
	};
	struct memscan_nearby nearby;

	memscan_nearby_init(&nearby);
	memscan_nearby_add_hit(&nearby, 3 * MEMSCAN_NEARBY_PAGES);
	while (next_block(&nearby) >= 0)
		;
	memscan_nearby_add_range(&nearby, &came);
	KUNIT_EXPECT_EQ(test, 3, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, 4, next_block(&nearby));
	KUNIT_EXPECT_EQ(test, -1, next_block(&nearby));
	memscan_nearby_add_range(&nearby, &came);
	memscan_nearby_clear(&nearby);
	KUNIT_EXPECT_FALSE(test, memscan_nearby_pending(&nearby));
}

/*
 * Choice of pages
 */

static const struct memscan_page plain = { .online = true, .ram = true };

static void skip_nothing_of_a_plain_page(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, MEMSCAN_READ,
			memscan_skip_reason(&plain, MEMSCAN_SCOPE_ALL));
}

/* Set one flag after the other: the first reason of the list counts. */
static void skip_for_the_first_reason(struct kunit *test)
{
	const enum memscan_scope scope = MEMSCAN_SCOPE_FREE;
	struct memscan_page page = plain;

	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_SCOPE,
			memscan_skip_reason(&page, scope));
	page.known = true;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_KNOWN,
			memscan_skip_reason(&page, scope));
	page.hwpoison = true;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_HWPOISON,
			memscan_skip_reason(&page, scope));
	page.offline = true;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_OFFLINE,
			memscan_skip_reason(&page, scope));
	page.leaving = true;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_LEAVING,
			memscan_skip_reason(&page, scope));
	page.ram = false;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_NOT_RAM,
			memscan_skip_reason(&page, scope));
	page.other_node = true;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_OTHER_NODE,
			memscan_skip_reason(&page, scope));
	page.online = false;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_ABSENT,
			memscan_skip_reason(&page, scope));
}

static void skip_what_scope_leaves_out(struct kunit *test)
{
	static const struct {
		enum memscan_scope scope;
		bool hugetlb, free, read;
	} cases[] = {
		{ MEMSCAN_SCOPE_ALL, false, false, true },
		{ MEMSCAN_SCOPE_ALL, true, false, true },
		{ MEMSCAN_SCOPE_HUGETLB, true, false, true },
		{ MEMSCAN_SCOPE_HUGETLB, false, true, false },
		{ MEMSCAN_SCOPE_NOHUGETLB, true, false, false },
		{ MEMSCAN_SCOPE_NOHUGETLB, false, false, true },
		{ MEMSCAN_SCOPE_FREE, false, true, true },
		{ MEMSCAN_SCOPE_FREE, false, false, false },
	};
	struct memscan_page page = plain;
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		page.hugetlb = cases[i].hugetlb;
		page.free = cases[i].free;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].read, MEMSCAN_READ ==
				    memscan_skip_reason(&page, cases[i].scope),
				    "case %d", i);
	}
}

/*
 * The walk, over our own pages; loads and hits are faked
 */

#define BLOCK_ORDER	10
#define BLOCK_PAGES	BIT(BLOCK_ORDER)

DECLARE_RWSEM(memscan_hotplug_lock);
DECLARE_RWSEM(memscan_hits_lock);

/* Page frames that the fakes treat specially; 0: none. */
static unsigned long poisoned, unmapped, leaving, known;
#define OFFSET	0x48

static unsigned long loads, last_loaded, hit_pfn;
static unsigned int hit_offset;

struct memscan_loaded memscan_load(const void *from, const void *to)
{
	unsigned long pfn = page_to_pfn(virt_to_page(from));

	loads++;
	last_loaded = pfn;
	if (pfn == poisoned)
		return (struct memscan_loaded){ from + OFFSET,
						MEMSCAN_TRAP_POISON };
	if (pfn == unmapped)
		return (struct memscan_loaded){ from,
						MEMSCAN_TRAP_PAGE_FAULT };
	return (struct memscan_loaded){ to, MEMSCAN_TRAP_NONE };
}

enum memscan_outcome memscan_hit(const char *who, unsigned long pfn,
				 unsigned int offset)
{
	hit_pfn = pfn;
	hit_offset = offset;
	return MEMSCAN_HIT_KNOWN;
}

bool memscan_is_known(unsigned long pfn)
{
	return pfn == known;
}

bool memscan_is_leaving(unsigned long pfn)
{
	return pfn == leaving;
}

struct walked {
	struct page *pages;
	unsigned long pfn;
	struct memscan_walk walk;
	struct memscan_totals totals;
};

static int walk_init(struct kunit *test)
{
	struct walked *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	if (!w)
		return -ENOMEM;
	w->pages = alloc_pages(GFP_KERNEL, BLOCK_ORDER);
	if (!w->pages)
		return -ENOMEM;
	w->pfn = page_to_pfn(w->pages);
	w->walk.nid = NUMA_NO_NODE;
	memscan_walk_start(&w->walk, (struct memscan_range){
		w->pfn, w->pfn + BLOCK_PAGES });
	poisoned = 0;
	unmapped = 0;
	leaving = 0;
	known = 0;
	loads = 0;
	hit_pfn = 0;
	memscan_paused = false;
	test->priv = w;
	return 0;
}

static void walk_exit(struct kunit *test)
{
	struct walked *w = test->priv;

	if (w)
		__free_pages(w->pages, BLOCK_ORDER);
}

static void walk_reads_each_page(struct kunit *test)
{
	struct walked *w = test->priv;

	KUNIT_EXPECT_FALSE(test, memscan_walk_done(&w->walk));
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_TRUE(test, memscan_walk_done(&w->walk));
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES, w->walk.pages[MEMSCAN_READ]);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES, loads);
	KUNIT_EXPECT_EQ(test, w->pfn + BLOCK_PAGES - 1, last_loaded);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES * PAGE_SIZE, w->totals.read_bytes);
}

static void walk_rests_after_a_burst(struct kunit *test)
{
	struct walked *w = test->priv;

	w->walk.range.end++;
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_FALSE(test, memscan_walk_done(&w->walk));
	KUNIT_EXPECT_EQ(test, MEMSCAN_BURST_BYTES, loads * PAGE_SIZE);
}

static void walk_continues_after_a_hit(struct kunit *test)
{
	struct walked *w = test->priv;

	poisoned = w->pfn + 5;
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_EQ(test, 6, loads);
	KUNIT_EXPECT_EQ(test, w->pfn + 6, w->walk.pfn);
	KUNIT_EXPECT_EQ(test, 1, w->walk.hits);
	KUNIT_EXPECT_EQ(test, poisoned, hit_pfn);
	KUNIT_EXPECT_EQ(test, OFFSET, hit_offset);
	KUNIT_EXPECT_EQ(test, 1, w->totals.hits[MEMSCAN_HIT_KNOWN]);
	KUNIT_EXPECT_EQ(test, poisoned, w->totals.last_hit_pfn);
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES, loads);
	KUNIT_EXPECT_EQ(test, 1, w->walk.hits);
	/* It counts as read, although not to its end */
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES, w->walk.pages[MEMSCAN_READ]);
}

static void walk_counts_each_page_once(struct kunit *test)
{
	struct walked *w = test->priv;

	unmapped = w->pfn;
	leaving = w->pfn + 1;
	known = w->pfn + BLOCK_PAGES - 1;
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_EQ(test, 1, w->walk.pages[MEMSCAN_SKIP_UNMAPPED]);
	KUNIT_EXPECT_EQ(test, 1, w->walk.pages[MEMSCAN_SKIP_LEAVING]);
	KUNIT_EXPECT_EQ(test, 1, w->walk.pages[MEMSCAN_SKIP_KNOWN]);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES - 3, w->walk.pages[MEMSCAN_READ]);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES - 2, loads);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES, memscan_walk_present(&w->walk));
}

static void walk_skips_other_nodes(struct kunit *test)
{
	struct walked *w = test->priv;

	w->walk.nid = page_to_nid(w->pages) + 1;
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES,
			w->walk.pages[MEMSCAN_SKIP_OTHER_NODE]);
	KUNIT_EXPECT_EQ(test, 0, loads);
	KUNIT_EXPECT_EQ(test, 0, memscan_walk_present(&w->walk));
}

/* There is no memory at the end of the physical address space. */
static void walk_skips_holes(struct kunit *test)
{
	const unsigned long end = 1UL << (MAX_PHYSMEM_BITS - PAGE_SHIFT);
	const unsigned long pages = 3 * PAGES_PER_SUBSECTION + 7;
	struct walked *w = test->priv;

	memscan_walk_start(&w->walk, (struct memscan_range){
		end - pages, end });
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_TRUE(test, memscan_walk_done(&w->walk));
	KUNIT_EXPECT_EQ(test, end, w->walk.pfn);
	KUNIT_EXPECT_EQ(test, pages, w->walk.pages[MEMSCAN_SKIP_ABSENT]);
	KUNIT_EXPECT_EQ(test, 0, loads);
}

/* A pause takes effect soon, and the walk resumes where it was. */
static void walk_can_be_paused(struct kunit *test)
{
	struct walked *w = test->priv;

	memscan_paused = true;
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_LE(test, loads, BREATH_PAGES);
	KUNIT_EXPECT_EQ(test, w->pfn + loads, w->walk.pfn);
	memscan_paused = false;
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_TRUE(test, memscan_walk_done(&w->walk));
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES, loads);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(intel_has_local_machine_checks_on),
	KUNIT_CASE(one_unfit_cpu_refuses),
	KUNIT_CASE(pace_is_even),
	KUNIT_CASE(pace_catches_up),
	KUNIT_CASE(pace_follows_the_load),
	KUNIT_CASE(pace_makes_the_cycle),
	KUNIT_CASE(pace_without_a_cycle),
	KUNIT_CASE(pace_knows_slow_reads),
	KUNIT_CASE(cap_holds),
	KUNIT_CASE(cap_survives_late_timers),
	KUNIT_CASE(cap_gives_little_credit),
	KUNIT_CASE(range_has_its_start_only),
	KUNIT_CASE(range_next_is_aligned),
	KUNIT_CASE(range_percent_counts_what_is_done),
	KUNIT_CASE(nearby_goes_outwards),
	KUNIT_CASE(nearby_is_read_once_a_pass),
	KUNIT_CASE(nearby_takes_new_memory),
	KUNIT_CASE(skip_nothing_of_a_plain_page),
	KUNIT_CASE(skip_for_the_first_reason),
	KUNIT_CASE(skip_what_scope_leaves_out),
	KUNIT_CASE(walk_reads_each_page),
	KUNIT_CASE(walk_rests_after_a_burst),
	KUNIT_CASE(walk_continues_after_a_hit),
	KUNIT_CASE(walk_counts_each_page_once),
	KUNIT_CASE(walk_skips_other_nodes),
	KUNIT_CASE(walk_skips_holes),
	KUNIT_CASE(walk_can_be_paused),
	{}
};

static struct kunit_suite suite = {
	.name = "memscan",
	.init = walk_init,
	.exit = walk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("Tests of memscan without broken memory");
MODULE_LICENSE("GPL");
