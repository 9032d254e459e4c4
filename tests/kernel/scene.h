/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kept folio from before its creation until after its release, and what must
 * be true of pool, pages and counters then.
 *
 * All of it is in this header, as only the test program itself may include
 * kselftest_harness.h, whose assertions it uses.
 */
#ifndef SCENE_H
#define SCENE_H

#include <poison.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "counters.h"
#include "holder.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"

#define RAW_MAX		512	/* all base pages of 2 MiB */
#define MAX_ORDER	(BUDDY_ORDERS - 1)

/* A folio with raw pages, and the system's figures before it was made. */
struct scene {
	struct holder holder;
	size_t nr, raw[RAW_MAX], n_raw;	/* indices of base pages */
	struct pool pool;
	struct error_counters errors;
	struct buddy buddy;	/* just before the release */
	uint64_t *flags;	/* room for the flags of all base pages */
};

/* Once per test, or again after the page is gone; always scene_close() it. */
static inline void scene_open(struct __test_metadata *_metadata,
			      struct scene *s, size_t size)
{
	s->holder.pid = -1;
	s->nr = size / BASE_PAGE;
	s->flags = mmap(NULL, s->nr * sizeof(*s->flags),
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, s->flags);
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(size, 1));
	ASSERT_EQ(0, pool_read(size, &s->pool));
	error_counters_read(&s->errors);
}

static inline void scene_close(struct scene *s)
{
	lab_poison_clear();
	holder_end(&s->holder);
	holder_repair(&s->holder, s->raw, s->n_raw);
}

static inline unsigned long scene_pfn(const struct scene *s)
{
	return s->holder.hp.pa / BASE_PAGE;
}

/* Start the holder of the page, with an error in each page of raw[]. */
static inline void scene_damage(struct __test_metadata *_metadata,
				struct scene *s, enum error_way way)
{
	size_t size = s->nr * BASE_PAGE;

	ASSERT_EQ(0, holder_start(&s->holder, size, s->raw, s->n_raw, way));
	ASSERT_EQ(0, buddy_read(&s->buddy));
}

static inline bool is_raw(const struct scene *s, size_t page)
{
	size_t i;

	for (i = 0; i < s->n_raw; i++)
		if (s->raw[i] == page)
			return true;
	return false;
}

/* Rule 14: a log line reports it, after the base pages have been freed. */
static inline size_t said_to_be_gone(const struct scene *s)
{
	return kmsg_count("%#lx: kept huge page left the pool: %zu of %zu base pages lost",
			  scene_pfn(s), s->n_raw, s->nr);
}

/* Rule 14: exactly one page less, in the system and on the node. */
static inline void expect_pool(struct __test_metadata *_metadata,
			       const struct scene *s)
{
	struct pool pool;

	ASSERT_TRUE(pool_wait_nr(s->nr * BASE_PAGE, s->pool.nr - 1, &pool));
	EXPECT_EQ(s->pool.free - 1, pool.free);
	EXPECT_EQ(s->pool.resv, pool.resv);
	EXPECT_EQ(s->pool.surplus, pool.surplus);
	EXPECT_EQ(s->pool.node_nr - 1, pool.node_nr);
	EXPECT_EQ(s->pool.node_free - 1, pool.node_free);
	EXPECT_EQ(s->pool.node_surplus, pool.node_surplus);
}

/*
 * Rule 12: marked, and not free.  Wait for the end of the release first:
 * /proc/kpageflags takes no reference, and with DEBUG_VM_PGFLAGS it hits a BUG
 * if the folio is dissolved meanwhile, on stock too.
 */
static inline void expect_raw_isolated(struct __test_metadata *_metadata,
				       const struct scene *s)
{
	const uint64_t want = PAGE_HWPOISON;
	const uint64_t mask = PAGE_HWPOISON | PAGE_BUDDY | PAGE_HUGE;
	size_t i;

	if (!policy_omitted())
		poll_until(said_to_be_gone(s));
	for (i = 0; i < s->n_raw; i++) {
		unsigned long pfn = scene_pfn(s) + s->raw[i];

		ASSERT_TRUE(poll_until((page_flags(pfn) & mask) == want));
	}
}

/*
 * Rule 12: no healthy page is marked, and all are free but a few: the kernel
 * allocates while this runs, so some pages may have a new owner or be in
 * per-CPU lists.  Not the last one, in a large block: that would have been forgotten.
 */
static inline size_t taken_max(const struct scene *s)
{
	return 64 + s->nr / 512;
}

static inline void expect_healthy_free(struct __test_metadata *_metadata,
				       const struct scene *s)
{
	size_t i, free = 0, marked = 0, huge = 0;

	ASSERT_EQ(0, page_flags_read(scene_pfn(s), s->nr, s->flags));
	for (i = 0; i < s->nr; i++) {
		if (is_raw(s, i))
			continue;
		free += !!(s->flags[i] & PAGE_BUDDY);
		marked += !!(s->flags[i] & PAGE_HWPOISON);
		huge += !!(s->flags[i] & PAGE_HUGE);
	}
	EXPECT_EQ(0, marked);
	EXPECT_EQ(0, huge);
	EXPECT_LE(s->nr - s->n_raw - taken_max(s), free);
	if (!is_raw(s, s->nr - 1))
		EXPECT_NE(0, s->flags[s->nr - 1]);
}

/* Maximal aligned blocks of [first, first + 2^order) without raw pages. */
static inline void count_blocks(const struct scene *s, size_t first, int order,
				long *blocks)
{
	size_t i;

	for (i = 0; i < s->n_raw; i++)
		if (s->raw[i] >= first && s->raw[i] < first + (1UL << order))
			break;
	if (i == s->n_raw && order <= MAX_ORDER) {
		blocks[order]++;
	} else if (order) {
		count_blocks(s, first, order - 1, blocks);
		count_blocks(s, first + (1UL << (order - 1)), order - 1,
			     blocks);
	}
}

/*
 * Bytes of struct pages that HVO had freed and that had to be allocated again
 * for the release: all but one page.
 */
static inline long vmemmap_restored(const struct scene *s)
{
	const long struct_page = 64;

	if (procfile_number("/proc/sys/vm/hugetlb_optimize_vmemmap") != 1)
		return 0;
	return s->nr * struct_page - BASE_PAGE;
}

static inline bool has_kasan(void)
{
	return !access("/sys/kernel/debug/failslab", F_OK);
}

/*
 * Limit on what others allocate meanwhile.  It is higher with KASAN, which
 * delays the freeing of memory.
 */
static inline long noise_bytes(void)
{
	return (has_kasan() ? 1024L : 512L) << 10;
}

/*
 * What others may have freed meanwhile.  KASAN frees what it held back in
 * batches of 1 MiB or more; on a busy machine several were seen.  The close
 * bound is that of kernels without it.
 */
static inline long noise_freed_bytes(void)
{
	return has_kasan() ? 4L << 20 : noise_bytes();
}

/*
 * Blocks that allocations may have taken meanwhile: as many as these fill, and
 * one that is only partly used.
 */
static inline long split_max(const struct scene *s, const struct buddy *now,
			     int order)
{
	const long block = BASE_PAGE << order;
	long taken = now->percpu_bytes - s->buddy.percpu_bytes;

	taken = (taken > 0 ? taken : 0) + vmemmap_restored(s) + noise_bytes();
	return 1 + (taken + block - 1) / block;
}

/* Base pages in blocks of this order and above. */
static inline long pages_from_order(const long *blocks, int order)
{
	long pages = 0;

	for (; order <= MAX_ORDER; order++)
		pages += blocks[order] << order;
	return pages;
}

/*
 * Rule 12: in the largest aligned blocks.  Small blocks come and go, so compare
 * only orders that an allocation of a few pages need not split.  Each order
 * includes all higher ones, as pages freed meanwhile may merge two blocks.
 */
#define ORDER_MIN	5

static inline void expect_large_blocks(struct __test_metadata *_metadata,
				       const struct scene *s)
{
	long want[BUDDY_ORDERS] = { 0 };
	struct buddy now;
	int order;

	count_blocks(s, 0, __builtin_ctzl(s->nr), want);
	ASSERT_EQ(0, buddy_read(&now));
	for (order = ORDER_MIN; order <= MAX_ORDER; order++)
		EXPECT_LE(pages_from_order(want, order) -
			  (split_max(s, &now, order) << order),
			  pages_from_order(now.blocks, order) -
			  pages_from_order(s->buddy.blocks, order));
}

/* Rule 12: the allocator's free memory grows by all but the raw pages. */
static inline void expect_accounted(struct __test_metadata *_metadata,
				    const struct scene *s)
{
	long want = (s->nr - s->n_raw) * BASE_PAGE - vmemmap_restored(s);
	struct buddy now;

	ASSERT_EQ(0, buddy_read(&now));
	EXPECT_LE(want - noise_bytes(), now.bytes - s->buddy.bytes);
	EXPECT_GE(want + noise_freed_bytes(), now.bytes - s->buddy.bytes);
}

/* Rules 3, 14: the release does not change the count of errors. */
static inline void expect_errors_counted(struct __test_metadata *_metadata,
					 const struct scene *s)
{
	struct error_counters now;

	error_counters_read(&now);
	EXPECT_EQ(s->errors.corrupted_kb + 4 * (long)s->n_raw,
		  now.corrupted_kb);
	EXPECT_EQ(s->errors.total + (long)s->n_raw, now.total);
	EXPECT_EQ(s->errors.recovered + (long)s->n_raw, now.recovered);
}

/* Rules 11, 12, 14: the release has happened, exactly once. */
static inline void expect_released(struct __test_metadata *_metadata,
				   const struct scene *s)
{
	expect_pool(_metadata, s);
	ASSERT_TRUE(poll_until(said_to_be_gone(s)));
	EXPECT_EQ(1, said_to_be_gone(s));
	expect_accounted(_metadata, s);
	expect_large_blocks(_metadata, s);
	expect_raw_isolated(_metadata, s);
	expect_healthy_free(_metadata, s);
	expect_errors_counted(_metadata, s);
}

#endif /* SCENE_H */
