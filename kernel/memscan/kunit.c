// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests that need no broken memory: whether CPUs are fit, pace, coverage, blocks
 * near a hit, ranges, choice of pages, and the walk. A separate module, memscan_kunit,
 * contains copies of the files under test, and fakes what they call.
 */

#include "capability.c"

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/module.h>

#include "coverage.c"
#include "limit.c"
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

/* Modules are given no function for it. */
static void write_cr4(unsigned long value)
{
	asm volatile("mov %0, %%cr4" : : "r" (value) : "memory");
}

/* Machine checks are off for a moment, on the CPU that asks only. */
static void one_unfit_cpu_refuses(struct kunit *test)
{
	struct check *check = &checks[1];
	const char *on, *off;
	unsigned long flags;

	local_irq_save(flags);
	on = check->refusal();
	write_cr4(__read_cr4() & ~X86_CR4_MCE);
	off = check->refusal();
	memscan_capability_add_cpu(smp_processor_id());
	write_cr4(__read_cr4() | X86_CR4_MCE);
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

/* No lab machine is one, so only what follows from it is seen here. */
static void confidential_guests_are_never_scanned(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, encrypted_refusal(false));
	KUNIT_EXPECT_NOT_NULL(test, encrypted_refusal(true));
	KUNIT_EXPECT_STREQ(test, "confidential guest", checks[3].name);
	KUNIT_EXPECT_FALSE(test, checks[3].forcible);
	KUNIT_EXPECT_NULL(test, checks[3].refusal());
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

/* Waits as the cap demands them, which end at the next tick. */
static u64 share_ppm(unsigned int percent, u64 burst_ns, u64 tick_ns)
{
	struct memscan_budget budget = {};
	u64 now = SECONDS(5), used = SECONDS(1), start, wait;

	memscan_budget_wait_ns(&budget, percent, now, used);
	for (start = now; now - start < SECONDS(100);) {
		now += burst_ns;
		used += burst_ns;
		wait = memscan_budget_wait_ns(&budget, percent, now, used);
		now = wait ? roundup_u64(now + wait, tick_ns) : now;
	}
	return div64_u64((used - SECONDS(1)) * 1000000, now - start);
}

static void expect_cap(struct kunit *test, unsigned int percent, u64 burst_ns,
		       u64 tick_ns)
{
	u64 want = percent * 10000;
	u64 got = share_ppm(percent, burst_ns, tick_ns);

	KUNIT_EXPECT_GE_MSG(test, got, want - want / 10, "tick of %llu ns", tick_ns);
	KUNIT_EXPECT_LE_MSG(test, got, want + want / 10, "tick of %llu ns", tick_ns);
}

/*
 * Within a tenth of itself, for bursts of 0.1 ms and 30 ms: with timers of high
 * resolution, and if they are as late as a tick with HZ=1000, 250 and 100.
 */
static void cap_holds(struct kunit *test)
{
	static const unsigned int percents[] = { 1, 5, 25, 50, 90, 100 };
	static const u64 ticks[] = { 50000, 1000000, 4000000, 10000000 };
	int i, k;

	for (i = 0; i < ARRAY_SIZE(percents); i++) {
		for (k = 0; k < ARRAY_SIZE(ticks); k++) {
			expect_cap(test, percents[i], 100000, ticks[k]);
			expect_cap(test, percents[i], 30000000, ticks[k]);
		}
	}
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

/* A cycle takes no time, or all memory went offline. */
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

/* A walk from @first on that has come to @pfn. */
static unsigned int percent(struct memscan_range range, unsigned long first,
			    unsigned long pfn)
{
	struct memscan_walk walk;

	memscan_walk_start(&walk, range, first);
	if (pfn < first) {
		walk.pfn = walk.range.end;
		memscan_walk_turn(&walk);
	}
	walk.pfn = pfn;
	return memscan_walk_percent(&walk);
}

static void walk_percent_counts_what_is_done(struct kunit *test)
{
	const struct memscan_range range = { 100, 300 }, empty = { 7, 7 };
	const struct memscan_range huge = { 0, 1UL << 52 };

	KUNIT_EXPECT_EQ(test, 0, percent(range, 100, 100));
	KUNIT_EXPECT_EQ(test, 0, percent(range, 100, 101));
	KUNIT_EXPECT_EQ(test, 50, percent(range, 100, 200));
	KUNIT_EXPECT_EQ(test, 99, percent(range, 100, 299));
	KUNIT_EXPECT_EQ(test, 100, percent(range, 100, 300));
	KUNIT_EXPECT_EQ(test, 0, percent(range, 250, 250));
	KUNIT_EXPECT_EQ(test, 25, percent(range, 250, 100));
	KUNIT_EXPECT_EQ(test, 99, percent(range, 250, 249));
	KUNIT_EXPECT_EQ(test, 0, percent(empty, 7, 7));
	KUNIT_EXPECT_EQ(test, 25, percent(huge, 0, 1UL << 50));
}

/*
 * Coverage: of a hundred parts, from the middle of the third one on
 */

#define PART		BIT(15)
#define FIRST		(2 * PART + PART / 2)
#define ALL		MEMSCAN_SCOPE_ALL
#define FREE		MEMSCAN_SCOPE_FREE
/* The epoch, where the clock is at a few seconds. */
#define EPOCH		(-1000000000LL)

static const struct memscan_range hundred = { FIRST, 101 * PART + 5 };

static struct memscan_coverage *new_coverage(struct kunit *test, s64 now)
{
	struct memscan_coverage *coverage =
		kunit_kzalloc(test, sizeof(*coverage), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, coverage);
	memscan_coverage_init(coverage, now);
	memscan_coverage_fit(coverage, hundred);
	return coverage;
}

/* What was never read is older than all else, and counts from the start. */
static void coverage_starts_at_the_oldest(struct kunit *test)
{
	struct memscan_coverage *c = new_coverage(test, 100);

	KUNIT_EXPECT_EQ(test, 100, c->parts);
	KUNIT_EXPECT_EQ(test, FIRST, memscan_coverage_oldest(c, ALL));
	memscan_coverage_walked(c, ALL, FIRST, 3 * PART + 1, 110);
	KUNIT_EXPECT_EQ(test, 3 * PART, memscan_coverage_oldest(c, ALL));
	KUNIT_EXPECT_EQ(test, 30, memscan_coverage_age(c, ALL, 130));
	memscan_coverage_walked(c, ALL, 3 * PART + 1, hundred.end, 120);
	KUNIT_EXPECT_EQ(test, FIRST, memscan_coverage_oldest(c, ALL));
	KUNIT_EXPECT_EQ(test, 20, memscan_coverage_age(c, ALL, 130));
}

/* A part is as old as its first page, and is read when its end is reached. */
static void coverage_counts_whole_parts(struct kunit *test)
{
	struct memscan_coverage *c = new_coverage(test, 100);

	memscan_coverage_walked(c, ALL, FIRST, hundred.end, 200);
	memscan_coverage_walked(c, ALL, FIRST, FIRST + 1, 300);
	memscan_coverage_walked(c, ALL, FIRST + 1, 3 * PART - 1, 400);
	KUNIT_EXPECT_EQ(test, FIRST, memscan_coverage_oldest(c, ALL));
	memscan_coverage_walked(c, ALL, 3 * PART - 1, 3 * PART, 500);
	KUNIT_EXPECT_EQ(test, 300, c->read[ALL][0]);
	KUNIT_EXPECT_EQ(test, 3 * PART, memscan_coverage_oldest(c, ALL));
	memscan_coverage_walked(c, ALL, 3 * PART, 4 * PART, 600);
	KUNIT_EXPECT_EQ(test, 600, c->read[ALL][1]);
	/* The last part ends where the node does */
	memscan_coverage_walked(c, ALL, 101 * PART, hundred.end - 1, 700);
	KUNIT_EXPECT_EQ(test, 200, c->read[ALL][99]);
	memscan_coverage_walked(c, ALL, hundred.end - 1, hundred.end, 800);
	KUNIT_EXPECT_EQ(test, 700, c->read[ALL][99]);
}

static void coverage_of_a_scope(struct kunit *test)
{
	struct memscan_coverage *c = new_coverage(test, 0);

	memscan_coverage_walked(c, ALL, FIRST, hundred.end, 100);
	memscan_coverage_walked(c, FREE, FIRST, hundred.end, 200);
	KUNIT_EXPECT_EQ(test, 200, memscan_coverage_age(c, ALL, 300));
	KUNIT_EXPECT_EQ(test, 100, memscan_coverage_age(c, FREE, 300));
	memscan_coverage_walked(c, ALL, FIRST, hundred.end, 250);
	KUNIT_EXPECT_EQ(test, 50, memscan_coverage_age(c, FREE, 300));
}

/* What was never read counts from when it was first wanted. */
static void coverage_begins_once(struct kunit *test)
{
	struct memscan_coverage *c = new_coverage(test, 100);

	KUNIT_EXPECT_EQ(test, 50, memscan_coverage_age(c, ALL, 150));
	memscan_coverage_begin(c, 200);
	KUNIT_EXPECT_EQ(test, 10, memscan_coverage_age(c, ALL, 210));
	memscan_coverage_begin(c, 300);
	KUNIT_EXPECT_EQ(test, 110, memscan_coverage_age(c, ALL, 310));
}

/* Small nodes have many parts, too. */
static void coverage_has_many_parts(struct kunit *test)
{
	const struct memscan_range small = { 5, 5 + (MIB(130) >> PAGE_SHIFT) };
	struct memscan_coverage *c = new_coverage(test, 0);

	memscan_coverage_fit(c, small);
	KUNIT_EXPECT_EQ(test, 66, c->parts);
	memscan_coverage_fit(c, (struct memscan_range){ 5, 6 });
	KUNIT_EXPECT_EQ(test, 1, c->parts);
}

/* Parts grow with the node, and none becomes younger by that. */
static void coverage_fits_another_node(struct kunit *test)
{
	const struct memscan_range more = { 0, 1000 * PART };
	struct memscan_coverage *c = new_coverage(test, 0);

	memscan_coverage_walked(c, ALL, FIRST, hundred.end, 100);
	memscan_coverage_walked(c, ALL, FIRST, 4 * PART, 200);
	memscan_coverage_fit(c, hundred);
	KUNIT_EXPECT_EQ(test, 4 * PART, memscan_coverage_oldest(c, ALL));
	memscan_coverage_fit(c, more);
	KUNIT_EXPECT_EQ(test, 125, c->parts);
	KUNIT_EXPECT_EQ(test, 0, memscan_coverage_oldest(c, ALL));
	KUNIT_EXPECT_EQ(test, 200, memscan_coverage_age(c, ALL, 300));
	memscan_coverage_walked(c, ALL, 0, more.end, 300);
	KUNIT_EXPECT_EQ(test, 0, memscan_coverage_age(c, ALL, 300));
}

/* After a reboot: the clock starts anew. */
static void coverage_is_restored(struct kunit *test)
{
	struct memscan_coverage *c = new_coverage(test, 100);
	struct memscan_coverage *later = new_coverage(test, 7);
	char *text = kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	memscan_coverage_walked(c, ALL, FIRST, 3 * PART, 200);
	memscan_coverage_walked(c, ALL, 3 * PART, 4 * PART, 300);
	KUNIT_EXPECT_LT(test, 0, memscan_coverage_print(c, ALL, EPOCH, text));
	KUNIT_EXPECT_NOT_NULL(test, strstr(text, "since 1000000100\n"
			      "1000000200\n1000000300\n0\n"));
	KUNIT_EXPECT_EQ(test, 0, memscan_coverage_parse(later, EPOCH - 1000, 8,
							text));
	KUNIT_EXPECT_EQ(test, 200 - 1000, later->read[ALL][0]);
	KUNIT_EXPECT_EQ(test, 300 - 1000, later->read[ALL][1]);
	KUNIT_EXPECT_EQ(test, MEMSCAN_NEVER, later->read[ALL][2]);
	KUNIT_EXPECT_EQ(test, 100 - 1000, later->since);
	KUNIT_EXPECT_EQ(test, 4 * PART, memscan_coverage_oldest(later, ALL));
	/* What is newer stays */
	memscan_coverage_walked(later, ALL, FIRST, 3 * PART, 9);
	KUNIT_EXPECT_EQ(test, 0, memscan_coverage_parse(later, EPOCH - 1000, 10,
							text));
	KUNIT_EXPECT_EQ(test, 9, later->read[ALL][0]);
}

/* The text of a hundred parts, but for the time at the end of its first line. */
#define OWN		"coverage 1 pages 0x14000-0x328005 parts 100 scope 0 since "
#define FIVE		"5\n5\n5\n5\n5\n"
#define FOUR		"5\n5\n5\n5\n"
#define TWENTY		FIVE FIVE FIVE FIVE
#define NINETY		TWENTY TWENTY TWENTY TWENTY FIVE FIVE
#define OTHER(text)	"coverage " text " since 5\n" NINETY FIVE FIVE

static void coverage_refuses_junk(struct kunit *test)
{
	static const char good[] = OWN "5\n" NINETY FIVE FIVE;
	static const char *const junk[] = {
		"", "\n", "coverage", "coverage 1", OWN "5", OWN "5\n",
		/* Other memory, an unknown scope, another version */
		OTHER("1 pages 0x14000-0x328006 parts 100 scope 0"),
		OTHER("1 pages 0x14000-0x328005 parts 100 scope 4"),
		OTHER("2 pages 0x14000-0x328005 parts 100 scope 0"),
		/* Cut short, too long, not numbers, in the future */
		OWN "5\n" NINETY FIVE FOUR,
		OWN "5\n" NINETY FIVE FOUR "5",
		OWN "5\n" NINETY FIVE FIVE "5\n",
		OWN "+5\n" NINETY FIVE FIVE,
		OWN "000000000000000000000000000005\n" NINETY FIVE FIVE,
		OWN "5\n" NINETY FIVE "-5\n" FOUR,
		OWN "5\n" NINETY FIVE "\n" FOUR,
		OWN "5\n" NINETY FIVE "18446744073709551616\n" FOUR,
		OWN "5\n" NINETY FIVE "9223372036854775807\n" FOUR,
		OWN "5\n" NINETY FIVE "1000003700\n" FOUR,
	};
	struct memscan_coverage *c = new_coverage(test, 50);
	int i;

	for (i = 0; i < ARRAY_SIZE(junk); i++) {
		int err = memscan_coverage_parse(c, EPOCH, 60, junk[i]);

		KUNIT_EXPECT_EQ_MSG(test, -EINVAL, err, "case %d", i);
		KUNIT_EXPECT_EQ(test, 50, c->since);
		KUNIT_EXPECT_EQ(test, MEMSCAN_NEVER, c->read[ALL][0]);
	}
	KUNIT_EXPECT_EQ(test, 0, memscan_coverage_parse(c, EPOCH, 60, good));
	KUNIT_EXPECT_EQ(test, 5 + EPOCH, c->read[ALL][99]);
	KUNIT_EXPECT_EQ(test, 5 + EPOCH, c->read[FREE][99]);
}

/*
 * Limits on hits
 */

static void limit_is_by_minute(struct kunit *test)
{
	struct memscan_limit limit = {};

	KUNIT_EXPECT_EQ(test, 0, memscan_limit_wait_ns(&limit, 1, 5));
	memscan_limit_add(&limit, 7, SECONDS(100));
	memscan_limit_add(&limit, 7, SECONDS(110));
	KUNIT_EXPECT_EQ(test, 0, memscan_limit_wait_ns(&limit, 3, SECONDS(110)));
	KUNIT_EXPECT_EQ(test, SECONDS(50),
			memscan_limit_wait_ns(&limit, 2, SECONDS(110)));
	KUNIT_EXPECT_EQ(test, 0, memscan_limit_wait_ns(&limit, 2, SECONDS(160)));
	/* The next one is the first of another minute */
	memscan_limit_add(&limit, 7, SECONDS(160));
	KUNIT_EXPECT_EQ(test, 0, memscan_limit_wait_ns(&limit, 2, SECONDS(161)));
	KUNIT_EXPECT_EQ(test, SECONDS(59),
			memscan_limit_wait_ns(&limit, 1, SECONDS(161)));
}

static void limit_is_by_block(struct kunit *test)
{
	struct memscan_limit limit = {};
	struct memscan_range block = memscan_block_of(MEMSCAN_BLOCK_PAGES + 1);

	KUNIT_EXPECT_EQ(test, 1, memscan_limit_add(&limit, 0, 0));
	KUNIT_EXPECT_EQ(test, 2, memscan_limit_add(&limit,
						   MEMSCAN_BLOCK_PAGES - 1, 0));
	KUNIT_EXPECT_EQ(test, 1, memscan_limit_add(&limit,
						   MEMSCAN_BLOCK_PAGES, 0));
	memscan_limit_new_pass(&limit);
	KUNIT_EXPECT_EQ(test, 1, memscan_limit_add(&limit,
						   MEMSCAN_BLOCK_PAGES, 0));
	KUNIT_EXPECT_EQ(test, MEMSCAN_BLOCK_PAGES, block.start);
	KUNIT_EXPECT_EQ(test, 2 * MEMSCAN_BLOCK_PAGES, block.end);
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
	page.broken = true;
	KUNIT_EXPECT_EQ(test, MEMSCAN_SKIP_BROKEN,
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

void memscan_hold(struct memscan_held *page, unsigned long pfn)
{
}

void memscan_let_go(struct memscan_held *page)
{
}

/* Page frames that the fakes treat specially; 0: none. */
static unsigned long poisoned, unmapped, leaving, known;
#define OFFSET	0x40

static unsigned long loads, last_loaded, hit_pfn, prefetched;
static unsigned int hit_offset;

struct memscan_loaded memscan_load(const void *from, const void *to,
				   const void *ahead)
{
	unsigned long pfn = page_to_pfn(virt_to_page(from));

	loads++;
	last_loaded = pfn;
	prefetched += ahead > to;
	if (pfn == poisoned)
		return (struct memscan_loaded){ from + OFFSET,
						MEMSCAN_TRAP_POISON };
	if (pfn == unmapped)
		return (struct memscan_loaded){ from,
						MEMSCAN_TRAP_PAGE_FAULT };
	return (struct memscan_loaded){ to, MEMSCAN_TRAP_NONE };
}

enum memscan_outcome memscan_hit(const char *who, unsigned long pfn,
				 unsigned int offset,
				 struct memscan_action action)
{
	hit_pfn = pfn;
	hit_offset = offset;
	return MEMSCAN_HIT_KNOWN;
}

bool memscan_is_known(unsigned long pfn, struct memscan_action action)
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
		w->pfn, w->pfn + BLOCK_PAGES }, w->pfn);
	poisoned = 0;
	unmapped = 0;
	leaving = 0;
	known = 0;
	loads = 0;
	prefetched = 0;
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

/* From the middle on, then what is before it; a burst ends between them. */
static void walk_begins_anywhere(struct kunit *test)
{
	struct walked *w = test->priv;
	struct memscan_walk *walk = &w->walk;

	memscan_walk_start(walk, walk->range, w->pfn + 7);
	memscan_walk_burst(walk, &w->totals);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES - 7, loads);
	KUNIT_EXPECT_EQ(test, w->pfn + BLOCK_PAGES, walk->pfn);
	KUNIT_EXPECT_FALSE(test, memscan_walk_done(walk));
	memscan_walk_turn(walk);
	KUNIT_EXPECT_EQ(test, w->pfn, walk->pfn);
	memscan_walk_burst(walk, &w->totals);
	KUNIT_EXPECT_EQ(test, w->pfn + 6, last_loaded);
	KUNIT_EXPECT_TRUE(test, memscan_walk_done(walk));
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES, walk->pages[MEMSCAN_READ]);
	memscan_walk_turn(walk);
	KUNIT_EXPECT_TRUE(test, memscan_walk_done(walk));
}

/* Not into what is known to be poisoned, is not read, or is behind the range. */
static void walk_prefetches_what_it_reads(struct kunit *test)
{
	struct walked *w = test->priv;

	leaving = w->pfn + 10;
	known = w->pfn + 20;
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES - 2, loads);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES - 5, prefetched);
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

static void walk_leaves_out_what_is_broken(struct kunit *test)
{
	struct walked *w = test->priv;

	w->walk.broken = (struct memscan_range){ w->pfn + 5, w->pfn + 15 };
	memscan_walk_burst(&w->walk, &w->totals);
	KUNIT_EXPECT_EQ(test, 10, w->walk.pages[MEMSCAN_SKIP_BROKEN]);
	KUNIT_EXPECT_EQ(test, BLOCK_PAGES - 10, loads);
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
		end - pages, end }, 0);
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
	KUNIT_CASE(confidential_guests_are_never_scanned),
	KUNIT_CASE(pace_is_even),
	KUNIT_CASE(pace_catches_up),
	KUNIT_CASE(pace_follows_the_load),
	KUNIT_CASE(pace_makes_the_cycle),
	KUNIT_CASE(pace_without_a_cycle),
	KUNIT_CASE(pace_knows_slow_reads),
	KUNIT_CASE(cap_holds),
	KUNIT_CASE(cap_gives_little_credit),
	KUNIT_CASE(range_has_its_start_only),
	KUNIT_CASE(range_next_is_aligned),
	KUNIT_CASE(walk_percent_counts_what_is_done),
	KUNIT_CASE(coverage_starts_at_the_oldest),
	KUNIT_CASE(coverage_counts_whole_parts),
	KUNIT_CASE(coverage_of_a_scope),
	KUNIT_CASE(coverage_begins_once),
	KUNIT_CASE(coverage_has_many_parts),
	KUNIT_CASE(coverage_fits_another_node),
	KUNIT_CASE(coverage_is_restored),
	KUNIT_CASE(coverage_refuses_junk),
	KUNIT_CASE(limit_is_by_minute),
	KUNIT_CASE(limit_is_by_block),
	KUNIT_CASE(nearby_goes_outwards),
	KUNIT_CASE(nearby_is_read_once_a_pass),
	KUNIT_CASE(nearby_takes_new_memory),
	KUNIT_CASE(skip_nothing_of_a_plain_page),
	KUNIT_CASE(skip_for_the_first_reason),
	KUNIT_CASE(skip_what_scope_leaves_out),
	KUNIT_CASE(walk_reads_each_page),
	KUNIT_CASE(walk_begins_anywhere),
	KUNIT_CASE(walk_prefetches_what_it_reads),
	KUNIT_CASE(walk_rests_after_a_burst),
	KUNIT_CASE(walk_continues_after_a_hit),
	KUNIT_CASE(walk_counts_each_page_once),
	KUNIT_CASE(walk_leaves_out_what_is_broken),
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
