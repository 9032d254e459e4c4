// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 10 to 14: pools are resized, limited, demoted and offlined
 * around kept folios, and all counters stay correct throughout.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <poison.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "accounting.h"
#include "cgroup.h"
#include "control.h"
#include "counters.h"
#include "holder.h"
#include "hugepage.h"
#include "kmsg.h"
#include "memblock.h"
#include "pageflags.h"
#include "pattern.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"
#include "sigbus.h"
#include "swapdisk.h"

#define PAGES_MAX	16

/* A file of several huge pages, all mapped, with one descriptor. */
struct file {
	size_t n, size;
	struct hugepage page[PAGES_MAX];
};

/*
 * The kernel counts surplus pages per node only, and pages come from the node
 * of the CPU: so run all of a test on one node.
 */
static void stay_on_node_0(struct __test_metadata *_metadata)
{
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpu), &cpu));
}

static void prepare(struct __test_metadata *_metadata)
{
	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	stay_on_node_0(_metadata);
	ASSERT_STREQ("", accounting_fault());
}

/*
 * Have exactly @spare free pages, none of them surplus or reserved.  Others may
 * be in use: without the policy, pages with errors stay in use forever.
 */
static void spare_pages(struct __test_metadata *_metadata, size_t size,
			long spare, struct pool *pool)
{
	long used;

	ASSERT_EQ(0, pool_read(size, pool));
	used = pool->nr - pool->free;
	/* Surplus pages first, or free ones among them would stay. */
	ASSERT_EQ(pool->nr, pool_set(size, pool->nr));
	ASSERT_EQ(used + spare, pool_set(size, used + spare));
	ASSERT_EQ(0, pool_read(size, pool));
	ASSERT_EQ(spare, pool->free);
	ASSERT_EQ(0, pool->resv);
	ASSERT_EQ(0, pool->surplus);
}

/* The file and its mapping; no page is touched. */
static void file_map(struct __test_metadata *_metadata, struct file *f,
		     size_t size, size_t n, int flags)
{
	char *map;
	size_t i;
	int fd;

	ASSERT_LE(n, PAGES_MAX);
	fd = hugepage_memfd(size);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, n * size));
	map = mmap(NULL, n * size, PROT_READ | PROT_WRITE, MAP_SHARED | flags,
		   fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	f->n = n;
	f->size = size;
	for (i = 0; i < n; i++)
		f->page[i] = (struct hugepage){
			.size = size, .fd = fd, .map = map + i * size,
		};
}

/* Write its offset into each base page, to distinguish them. */
static void touch(struct __test_metadata *_metadata, struct hugepage *hp)
{
	size_t offset;

	for (offset = 0; offset < hp->size; offset += BASE_PAGE)
		pattern_fill(hp->map + offset, offset, sizeof(long));
	hp->pa = pagemap_pfn(hp->map) * BASE_PAGE;
	ASSERT_NE(0, hp->pa);
}

static void file_create(struct __test_metadata *_metadata, struct file *f,
			size_t size, size_t n)
{
	size_t i;

	file_map(_metadata, f, size, n, 0);
	for (i = 0; i < n; i++)
		touch(_metadata, &f->page[i]);
}

static void file_close(struct file *f)
{
	munmap(f->page[0].map, f->n * f->size);
	close(f->page[0].fd);
}

static int punch(const struct file *f, size_t i)
{
	return fallocate(f->page[0].fd,
			 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 i * f->size, f->size);
}

/* One base page per huge page, a different one in each. */
static size_t raw_offset(const struct hugepage *hp)
{
	return hp->pa / hp->size * 37 % (hp->size / BASE_PAGE) * BASE_PAGE;
}

static void damage(struct __test_metadata *_metadata, const struct hugepage *hp)
{
	struct sigbus seen;

	ASSERT_EQ(0, error_raise(hp, raw_offset(hp), ERROR_CONSUME, &seen));
}

/* Rule 10: it has not moved, and all of its healthy pages are intact. */
static void expect_kept(struct __test_metadata *_metadata,
			const struct hugepage *hp)
{
	size_t raw = raw_offset(hp);
	struct sigbus seen;

	EXPECT_EQ(-1, pattern_sample_healthy(hp->map, hp->size, &raw, 1));
	EXPECT_EQ(hp->pa / BASE_PAGE, pagemap_pfn(hp->map));
	EXPECT_TRUE(page_flags(hp->pa / BASE_PAGE) & PAGE_HUGE);
	EXPECT_TRUE(sigbus_on_load(hp->map + raw, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
}

/* Rule 12: marked, and neither free nor part of a huge page. */
static bool is_isolated(const struct hugepage *hp)
{
	uint64_t flags = page_flags(hugepage_pfn(hp, raw_offset(hp)));

	return (flags & (PAGE_HWPOISON | PAGE_BUDDY | PAGE_HUGE)) ==
	       PAGE_HWPOISON;
}

static size_t free_pages(const struct hugepage *hp)
{
	static uint64_t flags[SIZE_2M / BASE_PAGE];
	size_t i, n = sizeof(flags) / sizeof(flags[0]), offset, sum = 0;

	for (offset = 0; offset < hp->size; offset += SIZE_2M) {
		if (page_flags_read(hugepage_pfn(hp, offset), n, flags))
			return 0;
		for (i = 0; i < n; i++)
			sum += !!(flags[i] & PAGE_BUDDY);
	}
	return sum;
}

/*
 * Rule 12.  The small blocks next to a raw page are reused first, at least by
 * per-CPU lists, so this is a rough check; `release` has the exact one.
 */
static bool mostly_free(const struct hugepage *hp)
{
	return free_pages(hp) > hp->size / BASE_PAGE / 2;
}

static void expect_released(struct __test_metadata *_metadata,
			    const struct hugepage *hp)
{
	ASSERT_TRUE(poll_until(is_isolated(hp)));
	EXPECT_TRUE(poll_until(mostly_free(hp)));
}

/* Rule 14: the pool is as expected, in all places that show it. */
static void expect_pool(struct __test_metadata *_metadata, size_t size,
			const struct pool *want)
{
	struct pool now;

	ASSERT_TRUE(pool_wait_nr(size, want->nr, &now));
	EXPECT_EQ(want->free, now.free);
	EXPECT_EQ(want->resv, now.resv);
	EXPECT_EQ(want->surplus, now.surplus);
	EXPECT_STREQ("", accounting_fault());
}

FIXTURE(resized)
{
	struct pool start;	/* without the file */
	struct file f;
};

/* Sizes to set the pool to, in addition to pages in other use; ends with -1. */
FIXTURE_VARIANT(resized)
{
	long to[4];
};

FIXTURE_VARIANT_ADD(resized, to_0) { .to = { 0, -1 } };
FIXTURE_VARIANT_ADD(resized, to_1) { .to = { 1, -1 } };
FIXTURE_VARIANT_ADD(resized, to_0_then_1) { .to = { 0, 1, -1 } };
FIXTURE_VARIANT_ADD(resized, to_0_then_8) { .to = { 0, 8, -1 } };
FIXTURE_VARIANT_ADD(resized, to_12_then_2) { .to = { 12, 2, -1 } };

FIXTURE_SETUP(resized)
{
	prepare(_metadata);
	spare_pages(_metadata, SIZE_2M, 8, &self->start);
	file_create(_metadata, &self->f, SIZE_2M, 2);
	damage(_metadata, &self->f.page[0]);
	damage(_metadata, &self->f.page[1]);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(resized)
{
	lab_poison_clear();
}

/* A pool with two pages in use here, and @others in other use. */
static struct pool pool_of(long others, long persistent)
{
	return (struct pool){
		.nr = others + (persistent < 2 ? 2 : persistent),
		.free = persistent < 2 ? 0 : persistent - 2,
		.surplus = persistent < 2 ? 2 - persistent : 0,
	};
}

static int node_of(const void *addr)
{
	int node = -1;

	syscall(SYS_move_pages, 0, 1UL, &addr, NULL, &node, 0);
	return node;
}

/* The page at @addr will leave, as a surplus page if its node has any. */
static void one_less(struct __test_metadata *_metadata, struct pool *pool,
		     const void *addr)
{
	struct pool part;

	ASSERT_EQ(0, pool_read_node(SIZE_2M, node_of(addr), &part));
	pool->nr--;
	if (part.surplus)
		pool->surplus--;
}

/*
 * Rule 14: a pool that is made smaller than its used pages has surplus pages,
 * which become persistent when it grows.  Each kept page leaves as what it is
 * at that time.
 */
TEST_F(resized, while_kept)
{
	const long others = self->start.nr - self->start.free;
	struct pool want = { 0 };
	size_t i;

	for (i = 0; variant->to[i] >= 0; i++) {
		want = pool_of(others, variant->to[i]);
		EXPECT_EQ(want.nr, pool_set(SIZE_2M, others + variant->to[i]));
		expect_pool(_metadata, SIZE_2M, &want);
	}
	for (i = 0; i < 2; i++) {
		one_less(_metadata, &want, self->f.page[1 - i].map);
		ASSERT_EQ(0, punch(&self->f, 1 - i));
		expect_pool(_metadata, SIZE_2M, &want);
		expect_released(_metadata, &self->f.page[1 - i]);
	}
	file_close(&self->f);
	expect_pool(_metadata, SIZE_2M, &want);
	ASSERT_EQ(others + 8, pool_set(SIZE_2M, others + 8));
	EXPECT_STREQ("", accounting_fault());
}

static int bind_to(int node)
{
	unsigned long mask = 1UL << node;

	return syscall(SYS_set_mempolicy, MPOL_BIND, &mask, 64UL) ? -errno : 0;
}

FIXTURE(node)
{
	struct pool start;
	struct file f;
};

FIXTURE_VARIANT(node)
{
	int node;
	bool by_policy;
};

FIXTURE_VARIANT_ADD(node, first) { .node = 0 };
FIXTURE_VARIANT_ADD(node, second) { .node = 1 };
FIXTURE_VARIANT_ADD(node, first_by_policy) { .node = 0, .by_policy = true };
FIXTURE_VARIANT_ADD(node, second_by_policy) { .node = 1, .by_policy = true };

FIXTURE_SETUP(node)
{
	prepare(_metadata);
	spare_pages(_metadata, SIZE_2M, 12, &self->start);
	ASSERT_EQ(0, bind_to(variant->node));
	file_create(_metadata, &self->f, SIZE_2M, 1);
	damage(_metadata, &self->f.page[0]);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(node)
{
	lab_poison_clear();
}

/* Resize the pool of @node, by its own file or by a policy bound to it. */
static void set_node(struct __test_metadata *_metadata, int node,
		     bool by_policy, long nr)
{
	struct pool all, part;
	long persistent;

	if (!by_policy) {
		ASSERT_LE(0, pool_set_node(SIZE_2M, node, nr));
		return;
	}
	ASSERT_EQ(0, pool_read(SIZE_2M, &all));
	ASSERT_EQ(0, pool_read_node(SIZE_2M, node, &part));
	persistent = all.nr - all.surplus - (part.nr - part.surplus) + nr;
	ASSERT_LE(0, pool_set_by_policy(SIZE_2M, persistent));
}

static void expect_node(struct __test_metadata *_metadata, int node,
			const struct pool *want)
{
	struct pool now;

	ASSERT_EQ(0, pool_read_node(SIZE_2M, node, &now));
	EXPECT_EQ(want->nr, now.nr);
	EXPECT_EQ(want->free, now.free);
	EXPECT_EQ(want->surplus, now.surplus);
	EXPECT_STREQ("", accounting_fault());
}

/* Rule 14, per node: this node's figures are right, the other's unchanged. */
TEST_F(node, resized_while_kept)
{
	const int node = variant->node;
	struct pool part, other;
	long used;

	ASSERT_EQ(0, pool_read_node(SIZE_2M, node, &part));
	ASSERT_EQ(0, pool_read_node(SIZE_2M, !node, &other));
	used = part.nr - part.free;

	set_node(_metadata, node, variant->by_policy, 0);
	part = (struct pool){ .nr = used, .surplus = used };
	expect_node(_metadata, node, &part);
	expect_node(_metadata, !node, &other);

	set_node(_metadata, node, variant->by_policy, used + 2);
	part = (struct pool){ .nr = used + 2, .free = 2 };
	expect_node(_metadata, node, &part);

	set_node(_metadata, node, variant->by_policy, used - 1);
	part = (struct pool){ .nr = used, .surplus = 1 };
	expect_node(_metadata, node, &part);

	ASSERT_EQ(0, punch(&self->f, 0));
	part = (struct pool){ .nr = used - 1 };
	expect_node(_metadata, node, &part);
	expect_node(_metadata, !node, &other);
	expect_released(_metadata, &self->f.page[0]);

	set_node(_metadata, node, variant->by_policy, used + 3);
	part = (struct pool){ .nr = used + 3, .free = 4 };
	expect_node(_metadata, node, &part);
	expect_node(_metadata, !node, &other);
}

FIXTURE(pool)
{
	struct pool start;
	struct file f;
};

FIXTURE_SETUP(pool)
{
	prepare(_metadata);
}

FIXTURE_TEARDOWN_PARENT(pool)
{
	lab_poison_clear();
	pool_set_overcommit(SIZE_2M, 0);
}

/*
 * Rule 14: kept surplus pages remain after overcommit is forbidden, and the one
 * that becomes persistent when the pool grows leaves as a persistent page.
 */
TEST_F(pool, overcommit_ends_while_kept)
{
	struct file *f = &self->f;
	struct pool want;

	spare_pages(_metadata, SIZE_2M, 0, &want);
	CONTROL_READY();
	ASSERT_EQ(0, pool_set_overcommit(SIZE_2M, 2));
	file_create(_metadata, f, SIZE_2M, 2);
	want.nr += 2;
	want.surplus = 2;
	expect_pool(_metadata, SIZE_2M, &want);
	damage(_metadata, &f->page[0]);
	damage(_metadata, &f->page[1]);
	ASSERT_EQ(0, pool_set_overcommit(SIZE_2M, 0));
	expect_pool(_metadata, SIZE_2M, &want);

	ASSERT_EQ(want.nr, pool_set(SIZE_2M, want.nr - 1));
	want.surplus = 1;
	expect_pool(_metadata, SIZE_2M, &want);

	one_less(_metadata, &want, f->page[0].map);
	ASSERT_EQ(0, punch(f, 0));
	expect_pool(_metadata, SIZE_2M, &want);
	one_less(_metadata, &want, f->page[1].map);
	ASSERT_EQ(0, punch(f, 1));
	expect_pool(_metadata, SIZE_2M, &want);
	expect_released(_metadata, &f->page[0]);
	expect_released(_metadata, &f->page[1]);
}

/* Rules 3, 14: many released at once, all real errors, each counted once. */
TEST_F(pool, many_released_at_once)
{
	struct error_counters before, now;
	struct file *f = &self->f;
	struct pool want;
	size_t i;

	spare_pages(_metadata, SIZE_2M, PAGES_MAX + 2, &want);
	CONTROL_READY();
	error_counters_read(&before);
	file_create(_metadata, f, SIZE_2M, PAGES_MAX);
	for (i = 0; i < PAGES_MAX; i++)
		damage(_metadata, &f->page[i]);
	want.free = 2;
	expect_pool(_metadata, SIZE_2M, &want);
	ASSERT_EQ(0, ftruncate(f->page[0].fd, 0));
	want.nr -= PAGES_MAX;
	expect_pool(_metadata, SIZE_2M, &want);
	for (i = 0; i < PAGES_MAX; i++)
		expect_released(_metadata, &f->page[i]);
	/* Logged after the base pages have been freed */
	EXPECT_TRUE(poll_until(kmsg_count("kept huge page left the pool") ==
			       PAGES_MAX));
	error_counters_read(&now);
	EXPECT_EQ(before.corrupted_kb + 4 * PAGES_MAX, now.corrupted_kb);
	EXPECT_EQ(before.total + PAGES_MAX, now.total);
	EXPECT_EQ(before.recovered + PAGES_MAX, now.recovered);
}

/* Damage the file's present page @i, and punch it out of the file. */
static void lose(struct __test_metadata *_metadata, struct file *f, size_t i,
		 struct pool *want)
{
	damage(_metadata, &f->page[i]);
	expect_pool(_metadata, SIZE_2M, want);
	ASSERT_EQ(0, punch(f, i));
	want->nr--;
	expect_pool(_metadata, SIZE_2M, want);
	expect_released(_metadata, &f->page[i]);
}

static void expect_none_left(struct __test_metadata *_metadata,
			     const struct hugepage *hp)
{
	struct sigbus seen = { 0 };

	ASSERT_TRUE(sigbus_on_store(hp->map, &seen));
	EXPECT_EQ(BUS_ADRERR, seen.code);
}

/*
 * Rule 14: a page that was lost has used up its reservation; another page
 * replaces it only while some are not reserved.  The reservations of its
 * neighbours hold.
 */
TEST_F(pool, reservations_hold)
{
	struct file *f = &self->f;
	struct pool want;

	spare_pages(_metadata, SIZE_2M, 6, &want);
	CONTROL_READY();
	file_map(_metadata, f, SIZE_2M, 4, 0);
	want.resv = 4;
	expect_pool(_metadata, SIZE_2M, &want);
	touch(_metadata, &f->page[0]);
	touch(_metadata, &f->page[1]);
	want.free = 4;
	want.resv = 2;
	expect_pool(_metadata, SIZE_2M, &want);

	lose(_metadata, f, 0, &want);
	touch(_metadata, &f->page[0]);
	want.free--;
	lose(_metadata, f, 0, &want);
	touch(_metadata, &f->page[0]);
	want.free--;
	lose(_metadata, f, 0, &want);
	expect_none_left(_metadata, &f->page[0]);
	expect_pool(_metadata, SIZE_2M, &want);

	touch(_metadata, &f->page[2]);
	touch(_metadata, &f->page[3]);
	want.free = want.resv = 0;
	expect_pool(_metadata, SIZE_2M, &want);
	lose(_metadata, f, 3, &want);
	file_close(f);
	want.free = 2;
	expect_pool(_metadata, SIZE_2M, &want);
}

/* Rule 14: with MAP_NORESERVE, no loss changes the count of reservations. */
TEST_F(pool, without_reservation)
{
	struct file *f = &self->f;
	struct pool want;

	spare_pages(_metadata, SIZE_2M, 2, &want);
	CONTROL_READY();
	file_map(_metadata, f, SIZE_2M, 1, MAP_NORESERVE);
	expect_pool(_metadata, SIZE_2M, &want);
	touch(_metadata, &f->page[0]);
	want.free = 1;
	lose(_metadata, f, 0, &want);
	touch(_metadata, &f->page[0]);
	want.free = 0;
	lose(_metadata, f, 0, &want);
	expect_none_left(_metadata, &f->page[0]);
	file_close(f);
	expect_pool(_metadata, SIZE_2M, &want);
}

FIXTURE(cgroup)
{
	struct pool start;
	struct file f;
};

static int account_hugetlb_as_memory(bool on)
{
	return mount("none", "/sys/fs/cgroup", NULL, MS_REMOUNT,
		     on ? "memory_hugetlb_accounting" : "") ? -errno : 0;
}

FIXTURE_SETUP(cgroup)
{
	prepare(_metadata);
	spare_pages(_metadata, SIZE_2M, 6, &self->start);
	ASSERT_EQ(0, cgroup_make(".", "pools", "+hugetlb +memory"));
	ASSERT_EQ(0, cgroup_make("pools", "pools/inner", "+hugetlb"));
	ASSERT_EQ(0, cgroup_enter("pools/inner"));
	CONTROL_READY();
}

/* In the parent, so that a failed assertion does not skip it. */
FIXTURE_TEARDOWN_PARENT(cgroup)
{
	lab_poison_clear();
	cgroup_enter(".");
	account_hugetlb_as_memory(false);
	poll_until(cgroup_remove("pools/inner") != -EBUSY);
	poll_until(cgroup_remove("pools") != -EBUSY);
}

/* How many huge pages the group uses, and has reserved. */
static long used_pages(const char *name)
{
	return cgroup_number(name, "hugetlb.2MB.current") / (long)SIZE_2M;
}

static long reserved_pages(const char *name)
{
	return cgroup_number(name, "hugetlb.2MB.rsvd.current") / (long)SIZE_2M;
}

static void expect_charged(struct __test_metadata *_metadata, const char *name,
			   long pages)
{
	EXPECT_TRUE(poll_until(used_pages(name) == pages));
	EXPECT_EQ(pages, used_pages(name));
	EXPECT_EQ(pages, reserved_pages(name));
}

/*
 * Rule 14: a kept page counts towards its group's limit while it is in use;
 * after its release there is room for another page.
 */
TEST_F(cgroup, limit)
{
	static const char events[] = "hugetlb.2MB.events";
	struct file *f = &self->f;

	ASSERT_EQ(0, cgroup_write("pools/inner", "hugetlb.2MB.max", "4M"));
	file_map(_metadata, f, SIZE_2M, 3, MAP_NORESERVE);
	touch(_metadata, &f->page[0]);
	touch(_metadata, &f->page[1]);
	damage(_metadata, &f->page[0]);
	expect_none_left(_metadata, &f->page[2]);
	EXPECT_EQ(1, cgroup_value("pools/inner", events, "max "));
	EXPECT_EQ(2, used_pages("pools/inner"));

	ASSERT_EQ(0, punch(f, 0));
	EXPECT_TRUE(poll_until(used_pages("pools/inner") == 1));
	touch(_metadata, &f->page[2]);
	EXPECT_EQ(2, used_pages("pools/inner"));
	expect_none_left(_metadata, &f->page[0]);
	EXPECT_EQ(2, cgroup_value("pools/inner", events, "max "));
	expect_released(_metadata, &f->page[0]);
	file_close(f);
	EXPECT_TRUE(poll_until(!used_pages("pools")));
	EXPECT_STREQ("", accounting_fault());
	ASSERT_EQ(0, cgroup_enter("."));
}

/* The same for the limit of reservations. */
TEST_F(cgroup, limit_of_reservations)
{
	struct file *f = &self->f;
	struct hugepage *hp;
	void *more;

	ASSERT_EQ(0, cgroup_write("pools/inner", "hugetlb.2MB.rsvd.max", "4M"));
	file_create(_metadata, f, SIZE_2M, 2);
	hp = &f->page[1];
	ASSERT_EQ(0, ftruncate(hp->fd, 3 * SIZE_2M));
	damage(_metadata, hp);
	expect_charged(_metadata, "pools/inner", 2);
	more = mmap(NULL, SIZE_2M, PROT_READ, MAP_SHARED, hp->fd, 2 * SIZE_2M);
	ASSERT_EQ(MAP_FAILED, more);
	ASSERT_EQ(0, punch(f, 1));
	expect_charged(_metadata, "pools/inner", 1);
	more = mmap(NULL, SIZE_2M, PROT_READ, MAP_SHARED, hp->fd, 2 * SIZE_2M);
	ASSERT_NE(MAP_FAILED, more);
	munmap(more, SIZE_2M);
	expect_released(_metadata, hp);
	file_close(f);
	expect_charged(_metadata, "pools", 0);
	EXPECT_STREQ("", accounting_fault());
	ASSERT_EQ(0, cgroup_enter("."));
}

/* Rule 14: once the group is gone, its parent is charged and uncharged. */
TEST_F(cgroup, removed_while_kept)
{
	struct file *f = &self->f;

	file_create(_metadata, f, SIZE_2M, 3);
	damage(_metadata, &f->page[0]);
	damage(_metadata, &f->page[2]);
	expect_charged(_metadata, "pools/inner", 3);
	ASSERT_EQ(0, cgroup_enter("."));
	ASSERT_EQ(0, cgroup_remove("pools/inner"));
	expect_charged(_metadata, "pools", 3);
	ASSERT_EQ(0, punch(f, 0));
	expect_charged(_metadata, "pools", 2);
	ASSERT_EQ(0, ftruncate(f->page[0].fd, 0));
	expect_charged(_metadata, "pools", 0);
	ASSERT_EQ(0, cgroup_remove("pools"));
	expect_released(_metadata, &f->page[0]);
	expect_released(_metadata, &f->page[2]);
	EXPECT_STREQ("", accounting_fault());
	file_close(f);
}

/* Rule 14: if huge pages count as memory, so does this, until its release. */
TEST_F(cgroup, accounted_as_memory)
{
	struct file *f = &self->f;
	long before, kept;

	ASSERT_EQ(0, account_hugetlb_as_memory(true));
	before = cgroup_number("pools", "memory.current");
	file_create(_metadata, f, SIZE_2M, 4);
	damage(_metadata, &f->page[0]);
	damage(_metadata, &f->page[1]);
	kept = cgroup_number("pools", "memory.current");
	EXPECT_LE(before + 4 * (long)SIZE_2M, kept);
	EXPECT_GT(before + 5 * (long)SIZE_2M, kept);
	file_close(f);
	EXPECT_GT(before + (long)SIZE_2M,
		  cgroup_number("pools", "memory.current"));
	expect_released(_metadata, &f->page[0]);
	expect_released(_metadata, &f->page[1]);
	ASSERT_EQ(0, cgroup_enter("."));
}

/* A process that continuously uses more memory than its limit. */
struct pressure {
	volatile long rounds;
	volatile bool stop, wrong;
};

#define PRESSURE_BYTES	(16UL << 20)
#define PRESSURE_LIMIT	"8M"

static void press(struct pressure *p)
{
	char *map = mmap(NULL, PRESSURE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile long *word;
	size_t offset;

	while (map != MAP_FAILED && !p->stop) {
		for (offset = 0; offset < PRESSURE_BYTES; offset += BASE_PAGE) {
			word = (void *)(map + offset);
			p->wrong |= *word != p->rounds;
			*word = p->rounds + 1;
		}
		p->rounds++;
	}
}

static pid_t pressure_start(struct pressure *p, struct file *f)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	file_close(f);	/* the parent's alone */
	if (!cgroup_enter("pressed"))
		press(p);
	_exit(0);
}

FIXTURE(pressed)
{
	struct pool start;
	struct file f;
	struct pressure *pressure;
	pid_t presser;
};

FIXTURE_SETUP(pressed)
{
	prepare(_metadata);
	spare_pages(_metadata, SIZE_2M, 4, &self->start);
	self->pressure = mmap(NULL, sizeof(*self->pressure),
			      PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->pressure);
	ASSERT_EQ(0, cgroup_make(".", "pressed", "+memory"));
	ASSERT_EQ(0, cgroup_write("pressed", "memory.max", PRESSURE_LIMIT));
	ASSERT_EQ(0, swapdisk_on());
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(pressed)
{
	lab_poison_clear();
	if (self->presser > 0)
		kill(self->presser, SIGKILL);
	swapdisk_off();
	poll_until(cgroup_remove("pressed") != -EBUSY);
}

static long vmstat(const char *key)
{
	return procfile_value("/proc/vmstat", key);
}

/* Wait for some reclaim, swap and compaction: by counters, not by time. */
static void stir(struct __test_metadata *_metadata, const struct pressure *p)
{
	long rounds = p->rounds, out = vmstat("pswpout ");
	long in = vmstat("pswpin "), scanned;

	scanned = vmstat("compact_migrate_scanned ");
	ASSERT_EQ(0, procfile_write("/proc/sys/vm/drop_caches", "3"));
	ASSERT_EQ(0, procfile_write("/proc/sys/vm/compact_memory", "1"));
	while (p->rounds < rounds + 2)
		poll_pause();
	EXPECT_LT(out, vmstat("pswpout "));
	EXPECT_LT(in, vmstat("pswpin "));
	EXPECT_LT(scanned, vmstat("compact_migrate_scanned "));
}

/* Rules 10, 12, 14: reclaim, swap and compaction leave kept pages alone. */
TEST_F_TIMEOUT(pressed, swap_and_compaction, 60)
{
	struct pressure *p = self->pressure;
	struct file *f = &self->f;
	struct pool want = self->start;

	file_create(_metadata, f, SIZE_2M, 2);
	damage(_metadata, &f->page[0]);
	damage(_metadata, &f->page[1]);
	self->presser = pressure_start(p, f);
	ASSERT_LT(0, self->presser);
	stir(_metadata, p);
	expect_kept(_metadata, &f->page[0]);
	expect_kept(_metadata, &f->page[1]);
	want.free -= 2;
	expect_pool(_metadata, SIZE_2M, &want);

	ASSERT_EQ(0, punch(f, 0));
	want.nr--;
	expect_pool(_metadata, SIZE_2M, &want);
	expect_released(_metadata, &f->page[0]);
	stir(_metadata, p);
	ASSERT_EQ(0, cgroup_write("pressed", "memory.max", "max"));
	ASSERT_EQ(0, swapdisk_off());
	expect_kept(_metadata, &f->page[1]);

	p->stop = true;
	ASSERT_EQ(self->presser, waitpid(self->presser, NULL, 0));
	self->presser = 0;
	EXPECT_FALSE(p->wrong);
	file_close(f);
	want.nr--;
	expect_pool(_metadata, SIZE_2M, &want);
	expect_released(_metadata, &f->page[1]);
}

FIXTURE(block)
{
	struct file f;
	pid_t offliner;
	volatile long *tries;
};

/* Controls have left a stuck page in each of the blocks. */
static bool is_offlinable(uint64_t pa)
{
	return memblock_is_movable(pa) &&
	       (policy_omitted() || !memblock_is_stuck(pa));
}

/* Not all of the pool is in movable memory: take pages until one is. */
#define CANDIDATES	192

static void find_movable(struct __test_metadata *_metadata, struct file *f)
{
	struct file others[CANDIDATES];
	size_t n = 0;

	for (;;) {
		ASSERT_EQ(0, pool_want(SIZE_2M, 1));
		file_create(_metadata, f, SIZE_2M, 1);
		if (is_offlinable(f->page[0].pa))
			break;
		ASSERT_LT(n, CANDIDATES);
		others[n++] = *f;
	}
	while (n--)
		file_close(&others[n]);
}

FIXTURE_SETUP(block)
{
	prepare(_metadata);
	self->tries = mmap(NULL, sizeof(*self->tries), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->tries);
	find_movable(_metadata, &self->f);
	damage(_metadata, &self->f.page[0]);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(block)
{
	lab_poison_clear();
	if (self->offliner > 0)
		kill(self->offliner, SIGKILL);
}

/* Retry for as long as the kernel reports that the block is busy. */
static pid_t offliner_start(struct file *f, volatile long *tries)
{
	uint64_t pa = f->page[0].pa;
	pid_t pid = fork();
	int err;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	file_close(f);	/* the parent's alone */
	while ((err = memblock_set(pa, "offline")) == -EBUSY) {
		++*tries;
		poll_pause();
	}
	_exit(-err);
}

static bool is_offline_done(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/*
 * Rules 10, 12: a memory block with a kept folio is busy, and each attempt
 * ends.  After the last reference the block can go offline, including the raw
 * page; like every block with an error, it cannot go online again.
 */
TEST_F(block, offline_after_release)
{
	const struct hugepage *hp = &self->f.page[0];
	const uint64_t pa = hp->pa;
	struct error_counters before, now;
	int status = -1;

	error_counters_read(&before);
	self->offliner = offliner_start(&self->f, self->tries);
	ASSERT_LT(0, self->offliner);
	ASSERT_TRUE(poll_until(*self->tries > 3));
	EXPECT_STREQ("", accounting_fault());

	file_close(&self->f);
	ASSERT_TRUE(poll_until(is_offline_done(self->offliner, &status)));
	self->offliner = 0;
	EXPECT_EQ(0, status);
	EXPECT_FALSE(memblock_is_online(pa));
	EXPECT_TRUE(poll_until(kmsg_count("kept huge page left the pool") == 1));
	EXPECT_STREQ("", accounting_fault());
	error_counters_read(&now);
	EXPECT_EQ(before.corrupted_kb, now.corrupted_kb);
	EXPECT_EQ(-EHWPOISON, memblock_set(pa, "online"));
}

FIXTURE(boot_time)
{
	struct holder holder;
	size_t raw;
	struct pool start;
};

FIXTURE_VARIANT(boot_time)
{
	size_t size;
};

FIXTURE_VARIANT_ADD(boot_time, 2M) { .size = SIZE_2M };
FIXTURE_VARIANT_ADD(boot_time, 1G) { .size = SIZE_1G };

/* How many pages the command line asks for; it has to name both sizes. */
static long pages_from_boot(size_t size)
{
	const char *key = size == SIZE_1G ? "hugepagesz=1G" : "hugepagesz=2M";
	char line[2048], *at;

	if (procfile_read("/proc/cmdline", line, sizeof(line)) < 0)
		return -1;
	at = strstr(line, key);
	at = at ? strstr(at, "hugepages=") : NULL;
	return at ? strtol(at + strlen("hugepages="), NULL, 0) : -1;
}

/* Runs first in a boot, while all pages of the pool are from boot time. */
FIXTURE_SETUP(boot_time)
{
	self->holder.pid = -1;
	self->raw = 300;
	prepare(_metadata);
	ASSERT_EQ(0, pool_read(variant->size, &self->start));
	ASSERT_LT(0, self->start.nr);
	ASSERT_EQ(pages_from_boot(variant->size), self->start.nr);
	ASSERT_EQ(self->start.nr, self->start.free);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(boot_time)
{
	holder_end(&self->holder);
	holder_repair(&self->holder, &self->raw, 1);
}

/*
 * Rules 12 to 14 for pages of the boot allocator, which buddy never had.  The
 * error is simulated: a real one would disable unpoisoning for later tests.
 */
TEST_F(boot_time, released)
{
	struct holder *h = &self->holder;
	struct pool want = self->start;
	unsigned long raw_pfn;

	ASSERT_EQ(0, holder_start(h, variant->size, &self->raw, 1,
				  ERROR_INJECT));
	want.free--;
	expect_pool(_metadata, variant->size, &want);
	ASSERT_EQ(0, holder_release(h, RELEASE_CLOSE, 0));
	want.nr--;
	expect_pool(_metadata, variant->size, &want);
	raw_pfn = hugepage_pfn(&h->hp, self->raw * BASE_PAGE);
	ASSERT_TRUE(poll_until((page_flags(raw_pfn) &
				(PAGE_HWPOISON | PAGE_BUDDY | PAGE_HUGE)) ==
			       PAGE_HWPOISON));
	EXPECT_TRUE(poll_until(mostly_free(&h->hp)));
}

/*
 * Gigantic pages from the contiguous memory allocator, on a boot whose
 * hugetlb_cma= has all of their places on one node.  Each page with an error
 * costs a place, and these tests use up all of them.
 */
#define CMA_NODE	1
#define CMA_PLACES	4

FIXTURE(cma)
{
	struct pool start_1g, start_2m;
	struct file gigantic, f;
};

FIXTURE_SETUP(cma)
{
	prepare(_metadata);
	ASSERT_EQ((long)(CMA_PLACES * SIZE_1G) >> 10,
		  procfile_value("/proc/meminfo", "CmaTotal:"));
	spare_pages(_metadata, SIZE_1G, 0, &self->start_1g);
	spare_pages(_metadata, SIZE_2M, 0, &self->start_2m);
	ASSERT_EQ(0, bind_to(CMA_NODE));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(cma)
{
	lab_poison_clear();
}

static long cma_free_mb(void)
{
	return procfile_value("/proc/meminfo", "CmaFree:") >> 10;
}

/* Memory that others may use in CMA for a while, and struct pages. */
#define CMA_NOISE_MB	64

static void expect_cma_free(struct __test_metadata *_metadata, long mb)
{
	EXPECT_TRUE(poll_until(labs(cma_free_mb() - mb) <= CMA_NOISE_MB));
}

static bool is_within(const struct hugepage *hp, uint64_t pa)
{
	return pa >= hp->pa && pa < hp->pa + hp->size;
}

/* Try to have @n free pages on the node; returns how many there are. */
static long spare_on_node(struct __test_metadata *_metadata, size_t size,
			  long n)
{
	struct pool part;
	long used;

	ASSERT_EQ(0, pool_read_node(size, CMA_NODE, &part));
	used = part.nr - part.free;
	return pool_set_node(size, CMA_NODE, used + n) - used;
}

static bool has_huge_pages(const struct hugepage *hp)
{
	size_t offset;

	for (offset = 0; offset < hp->size; offset += SIZE_2M)
		if (page_flags(hugepage_pfn(hp, offset)) & PAGE_HUGE)
			return true;
	return false;
}

/* Grow the pool into the place of @hp; it hands out its newest pages first. */
#define STEP		64L

static void find_within(struct __test_metadata *_metadata, struct file *f,
			const struct hugepage *hp)
{
	static struct file others[2 * STEP];
	long n = 0;

	do {
		n += STEP;
		ASSERT_EQ(n, spare_on_node(_metadata, SIZE_2M, n));
	} while (!has_huge_pages(hp));
	for (n = 0;; n++) {
		file_create(_metadata, f, SIZE_2M, 1);
		if (is_within(hp, f->page[0].pa))
			break;
		ASSERT_GT(2 * STEP, n);
		others[n] = *f;
	}
	while (n--)
		file_close(&others[n]);
}

/*
 * Rules 12, 14: released memory is free in CMA and can be allocated, but its
 * place does not become a huge page again, and nothing retries that forever.
 */
TEST_F_TIMEOUT(cma, released, 120)
{
	const long start_mb = cma_free_mb();
	struct pool want = self->start_1g;
	struct hugepage *hp;

	ASSERT_EQ(1, spare_on_node(_metadata, SIZE_1G, 1));
	expect_cma_free(_metadata, start_mb - 1024);
	file_create(_metadata, &self->gigantic, SIZE_1G, 1);
	hp = &self->gigantic.page[0];
	damage(_metadata, hp);
	want.nr++;
	expect_pool(_metadata, SIZE_1G, &want);
	file_close(&self->gigantic);
	want.nr--;
	expect_pool(_metadata, SIZE_1G, &want);
	expect_released(_metadata, hp);
	expect_cma_free(_metadata, start_mb);

	EXPECT_EQ(CMA_PLACES - 1,
		  spare_on_node(_metadata, SIZE_1G, CMA_PLACES));
	EXPECT_TRUE(is_isolated(hp));
	EXPECT_FALSE(page_flags(hp->pa / BASE_PAGE) & PAGE_HUGE);
	ASSERT_EQ(want.nr, pool_set(SIZE_1G, want.nr));
	find_within(_metadata, &self->f, hp);
	EXPECT_NE(raw_offset(hp) / SIZE_2M,
		  (self->f.page[0].pa - hp->pa) / SIZE_2M);
	file_close(&self->f);
	EXPECT_STREQ("", accounting_fault());
}

/* Demote all free gigantic pages and check the sums of both pools. */
static void demote_one(struct __test_metadata *_metadata, struct pool *want_1g,
		       const struct pool *want_2m)
{
	struct pool smaller = *want_2m;

	ASSERT_EQ(0, pool_demote(SIZE_1G, want_1g->free + 1));
	smaller.nr += want_1g->free * 512;
	smaller.free += want_1g->free * 512;
	want_1g->nr -= want_1g->free;
	want_1g->free = 0;
	expect_pool(_metadata, SIZE_1G, want_1g);
	expect_pool(_metadata, SIZE_2M, &smaller);
}

/* Lose one of the pages of a demoted one; CMA takes its parts back, too. */
static void lose_demoted(struct __test_metadata *_metadata, struct file *f,
			 const struct pool *start_2m)
{
	struct pool want;

	file_create(_metadata, f, SIZE_2M, 1);
	damage(_metadata, &f->page[0]);
	expect_kept(_metadata, &f->page[0]);
	ASSERT_EQ(0, pool_read(SIZE_2M, &want));
	file_close(f);
	want.nr--;
	expect_pool(_metadata, SIZE_2M, &want);
	expect_released(_metadata, &f->page[0]);
	ASSERT_EQ(start_2m->nr, pool_set(SIZE_2M, start_2m->nr));
	EXPECT_TRUE(is_isolated(&f->page[0]));
	expect_pool(_metadata, SIZE_2M, start_2m);
}

/*
 * Rules 10, 14: demotion takes free pages only, however many are requested,
 * and works as before once the kept page is gone.
 */
TEST_F_TIMEOUT(cma, demoted_around_kept, 120)
{
	const struct pool *start_2m = &self->start_2m;
	struct file *gigantic = &self->gigantic;
	struct pool want = self->start_1g;
	const long start_mb = cma_free_mb();

	ASSERT_EQ(2, spare_on_node(_metadata, SIZE_1G, 2));
	want.nr += 2;
	file_create(_metadata, gigantic, SIZE_1G, 1);
	damage(_metadata, &gigantic->page[0]);
	want.free = 1;
	expect_pool(_metadata, SIZE_1G, &want);

	demote_one(_metadata, &want, start_2m);
	ASSERT_EQ(0, pool_demote(SIZE_1G, 1));
	expect_pool(_metadata, SIZE_1G, &want);
	expect_kept(_metadata, &gigantic->page[0]);
	ASSERT_EQ(start_2m->nr, pool_set(SIZE_2M, start_2m->nr));
	expect_pool(_metadata, SIZE_2M, start_2m);

	file_close(gigantic);
	want.nr--;
	expect_pool(_metadata, SIZE_1G, &want);
	expect_released(_metadata, &gigantic->page[0]);
	expect_cma_free(_metadata, start_mb);

	ASSERT_EQ(1, spare_on_node(_metadata, SIZE_1G, 1));
	want.nr++;
	want.free++;
	demote_one(_metadata, &want, start_2m);
	lose_demoted(_metadata, &self->f, start_2m);
	expect_cma_free(_metadata, start_mb);
}

/*
 * Rules 10, 14: a kept 2 MiB page in a place for a gigantic page is not moved
 * out of the way, and nothing retries that forever.
 */
TEST_F_TIMEOUT(cma, kept_in_the_way, 120)
{
	struct hugepage place, *hp = &self->f.page[0];
	struct pool want = self->start_2m;

	ASSERT_EQ(1, spare_on_node(_metadata, SIZE_1G, 1));
	file_create(_metadata, &self->gigantic, SIZE_1G, 1);
	place = self->gigantic.page[0];
	file_close(&self->gigantic);
	ASSERT_EQ(self->start_1g.nr, pool_set(SIZE_1G, self->start_1g.nr));
	find_within(_metadata, &self->f, &place);
	damage(_metadata, hp);
	ASSERT_EQ(want.nr + 1, pool_set(SIZE_2M, want.nr + 1));

	EXPECT_GT(CMA_PLACES,
		  spare_on_node(_metadata, SIZE_1G, CMA_PLACES));
	expect_kept(_metadata, hp);
	EXPECT_STREQ("", accounting_fault());
	ASSERT_EQ(self->start_1g.nr, pool_set(SIZE_1G, self->start_1g.nr));
	want.nr++;
	expect_pool(_metadata, SIZE_2M, &want);

	file_close(&self->f);
	want.nr--;
	expect_pool(_metadata, SIZE_2M, &want);
	/* Others may allocate the healthy pages at once: do not check them. */
	ASSERT_TRUE(poll_until(is_isolated(hp)));
}

TEST_HARNESS_MAIN
