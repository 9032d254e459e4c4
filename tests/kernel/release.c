// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 11 to 14: the last reference to a kept folio goes.  Its healthy
 * base pages are freed, its raw pages never, and all counters are correct.
 */
#define _GNU_SOURCE
#include <poison.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "cgroup.h"
#include "control.h"
#include "counters.h"
#include "exhaust.h"
#include "holder.h"
#include "hugepage.h"
#include "pageflags.h"
#include "polling.h"
#include "pool.h"
#include "procfile.h"
#include "raise.h"
#include "scene.h"

#define SPREAD		8

FIXTURE(release)
{
	struct scene s;
};

FIXTURE_VARIANT(release)
{
	size_t size;
	enum release_how how;
};

FIXTURE_VARIANT_ADD(release, 2M_truncate)
{
	.size = SIZE_2M,
	.how = RELEASE_TRUNCATE,
};

FIXTURE_VARIANT_ADD(release, 2M_punch)
{
	.size = SIZE_2M,
	.how = RELEASE_PUNCH,
};

FIXTURE_VARIANT_ADD(release, 2M_close)
{
	.size = SIZE_2M,
	.how = RELEASE_CLOSE,
};

FIXTURE_VARIANT_ADD(release, 2M_exit)
{
	.size = SIZE_2M,
	.how = RELEASE_EXIT,
};

FIXTURE_VARIANT_ADD(release, 2M_kill)
{
	.size = SIZE_2M,
	.how = RELEASE_KILL,
};

FIXTURE_VARIANT_ADD(release, 1G_truncate)
{
	.size = SIZE_1G,
	.how = RELEASE_TRUNCATE,
};

FIXTURE_VARIANT_ADD(release, 1G_punch)
{
	.size = SIZE_1G,
	.how = RELEASE_PUNCH,
};

FIXTURE_VARIANT_ADD(release, 1G_close)
{
	.size = SIZE_1G,
	.how = RELEASE_CLOSE,
};

FIXTURE_VARIANT_ADD(release, 1G_exit)
{
	.size = SIZE_1G,
	.how = RELEASE_EXIT,
};

FIXTURE_VARIANT_ADD(release, 1G_kill)
{
	.size = SIZE_1G,
	.how = RELEASE_KILL,
};

/* A different set of raw pages per way: first, last, adjacent, spread. */
static void choose_raw(struct scene *s, enum release_how how)
{
	const size_t nr = s->nr;
	size_t i;

	switch (how) {
	case RELEASE_TRUNCATE:
		s->raw[s->n_raw++] = 0;
		break;
	case RELEASE_PUNCH:
		s->raw[s->n_raw++] = nr - 1;
		break;
	case RELEASE_EXIT:
		s->raw[s->n_raw++] = 2;
		s->raw[s->n_raw++] = 1;
		break;
	case RELEASE_KILL:
		for (i = 0; i < SPREAD; i++)
			s->raw[s->n_raw++] = i * nr / SPREAD + i;
		break;
	default:
		s->raw[s->n_raw++] = nr / 2;
		s->raw[s->n_raw++] = nr - 1;
		s->raw[s->n_raw++] = nr / 2 + 1;
		s->raw[s->n_raw++] = 0;
	}
}

FIXTURE_SETUP(release)
{
	scene_open(_metadata, &self->s, variant->size);
	choose_raw(&self->s, variant->how);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(release)
{
	scene_close(&self->s);
}

/* Rules 11, 12, 14: every way has the same result. */
TEST_F_TIMEOUT(release, gives_back_all_but_raw_pages, 120)
{
	scene_damage(_metadata, &self->s, ERROR_INJECT);
	ASSERT_EQ(0, holder_release(&self->s.holder, variant->how, 0));
	expect_released(_metadata, &self->s);
}

/* One property per test, so that the control fails in each of them. */
FIXTURE(closed)
{
	struct scene s;
};

FIXTURE_SETUP(closed)
{
	scene_open(_metadata, &self->s, SIZE_2M);
	choose_raw(&self->s, RELEASE_CLOSE);
	CONTROL_READY();
	scene_damage(_metadata, &self->s, ERROR_INJECT);
	ASSERT_EQ(0, holder_release(&self->s.holder, RELEASE_CLOSE, 0));
}

FIXTURE_TEARDOWN_PARENT(closed)
{
	scene_close(&self->s);
}

TEST_F(closed, raw_pages_isolated)
{
	expect_raw_isolated(_metadata, &self->s);
}

TEST_F(closed, healthy_pages_free)
{
	poll_until(said_to_be_gone(&self->s));
	expect_healthy_free(_metadata, &self->s);
}

TEST_F(closed, large_blocks)
{
	poll_until(said_to_be_gone(&self->s));
	expect_large_blocks(_metadata, &self->s);
}

TEST_F(closed, free_memory_accounted)
{
	poll_until(said_to_be_gone(&self->s));
	expect_accounted(_metadata, &self->s);
}

FIXTURE(pool)
{
	struct scene s;
};

FIXTURE_SETUP(pool)
{
	scene_open(_metadata, &self->s, SIZE_2M);
	choose_raw(&self->s, RELEASE_CLOSE);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(pool)
{
	scene_close(&self->s);
	pool_set_overcommit(SIZE_2M, 0);
	cgroup_remove("keep");
}

/* Rules 3, 15: a raw page stays known after the release, and counted once. */
TEST_F(pool, raw_page_stays_known)
{
	struct error_counters now;

	scene_damage(_metadata, &self->s, ERROR_INJECT);
	ASSERT_EQ(0, holder_release(&self->s.holder, RELEASE_CLOSE, 0));
	expect_raw_isolated(_metadata, &self->s);
	ASSERT_EQ(-EHWPOISON,
		  error_inject_pfn(scene_pfn(&self->s) + self->s.raw[0]));
	expect_errors_counted(_metadata, &self->s);
	error_counters_read(&now);
	EXPECT_EQ(self->s.errors.failed, now.failed);
}

/* Reserve all free pages without touching them; the mapping, or NULL. */
static char *reserve_all_free(size_t size, size_t *len)
{
	struct pool pool;
	char *map;
	int fd;

	if (pool_read(size, &pool))
		return NULL;
	*len = (pool.free - pool.resv) * size;
	fd = hugepage_memfd(size);
	if (fd < 0 || ftruncate(fd, *len))
		return NULL;
	map = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

/* Rule 14: also when every free page is reserved. */
TEST_F(pool, all_free_pages_reserved)
{
	struct scene *s = &self->s;
	size_t len, offset;
	struct pool pool;
	char *map;

	ASSERT_EQ(0, pool_want(SIZE_2M, 5));
	ASSERT_EQ(0, pool_read(SIZE_2M, &s->pool));
	scene_damage(_metadata, s, ERROR_INJECT);
	map = reserve_all_free(SIZE_2M, &len);
	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	ASSERT_EQ(pool.free, pool.resv);
	ASSERT_LE(4, pool.free);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	s->pool.resv = pool.resv;
	expect_pool(_metadata, s);
	for (offset = 0; offset < len; offset += SIZE_2M)
		map[offset] = 1;
	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	EXPECT_EQ(0, pool.free);
	EXPECT_EQ(0, pool.resv);
	munmap(map, len);
}

/*
 * Rule 14: a surplus page leaves as a surplus page.  The kernel counts surplus
 * pages per node only, so all of this runs on one node.
 */
TEST_F(pool, surplus_page)
{
	struct scene *s = &self->s;
	struct pool pool;
	cpu_set_t cpu;
	size_t len;
	char *map;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpu), &cpu));
	map = reserve_all_free(SIZE_2M, &len);
	ASSERT_NE(NULL, map);
	ASSERT_EQ(0, pool_set_overcommit(SIZE_2M, 1));
	ASSERT_EQ(0, pool_read(SIZE_2M, &s->pool));
	scene_damage(_metadata, s, ERROR_INJECT);
	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	ASSERT_EQ(s->pool.surplus + 1, pool.surplus);
	ASSERT_EQ(s->pool.nr + 1, pool.nr);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	ASSERT_TRUE(pool_wait_nr(SIZE_2M, s->pool.nr, &pool));
	EXPECT_EQ(s->pool.surplus, pool.surplus);
	EXPECT_EQ(s->pool.node_surplus, pool.node_surplus);
	EXPECT_EQ(s->pool.free, pool.free);
	EXPECT_EQ(s->pool.resv, pool.resv);
	expect_raw_isolated(_metadata, s);
	munmap(map, len);
}

/* Rule 14: the pool can grow again, and shrink to what it was. */
TEST_F(pool, resizes_afterwards)
{
	struct scene *s = &self->s;

	scene_damage(_metadata, s, ERROR_INJECT);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	expect_pool(_metadata, s);
	ASSERT_EQ(s->pool.nr + 8, pool_set(SIZE_2M, s->pool.nr + 8));
	ASSERT_EQ(s->pool.nr, pool_set(SIZE_2M, s->pool.nr));
	expect_raw_isolated(_metadata, s);
}

/* Rule 14: the hugetlb cgroup is charged only while the page is in use. */
TEST_F(pool, cgroup_uncharged)
{
	struct scene *s = &self->s;

	ASSERT_EQ(0, cgroup_make(".", "keep", "+hugetlb"));
	ASSERT_EQ(0, cgroup_enter("keep"));
	scene_damage(_metadata, s, ERROR_INJECT);
	EXPECT_EQ((long)SIZE_2M,
		  cgroup_number("keep", "hugetlb.2MB.current"));
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	EXPECT_TRUE(poll_until(!cgroup_number("keep", "hugetlb.2MB.current")));
	EXPECT_EQ(0, cgroup_number("keep", "hugetlb.2MB.rsvd.current"));
	ASSERT_EQ(0, cgroup_enter("."));
}

/* Rule 11: a pin outlives mapping and file, and its end is the release. */
static void last_pin(struct __test_metadata *_metadata, struct scene *s,
		     enum release_how how)
{
	struct pool pool;

	scene_damage(_metadata, s, ERROR_INJECT);
	ASSERT_EQ(0, holder_release(&s->holder, how, 5));
	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	EXPECT_EQ(s->pool.nr, pool.nr);
	EXPECT_TRUE(page_flags(scene_pfn(s)) & PAGE_HUGE);
	ASSERT_EQ(0, buddy_read(&s->buddy));
	ASSERT_EQ(0, holder_unpin(&s->holder));
	expect_released(_metadata, s);
}

TEST_F(pool, last_pin)
{
	last_pin(_metadata, &self->s, RELEASE_PINNED);
}

TEST_F(pool, last_long_term_pin)
{
	last_pin(_metadata, &self->s, RELEASE_PINNED_LONG);
}

#define FREED	"/sys/kernel/tracing/events/kmem/mm_page_free/"
#define TRACE	"/sys/kernel/tracing/trace"

static void trace_frees(struct __test_metadata *_metadata,
			const struct scene *s)
{
	ASSERT_EQ(0, procfile_write(FREED "filter", "pfn >= %lu && pfn < %lu",
				    scene_pfn(s), scene_pfn(s) + s->nr));
	ASSERT_EQ(0, procfile_write(TRACE, " "));
	ASSERT_EQ(0, procfile_write(FREED "enable", "1"));
}

/* Count how often the trace reports that each base page was freed. */
static void count_frees(struct __test_metadata *_metadata,
			const struct scene *s, unsigned int *times)
{
	static char text[1 << 20];
	unsigned long pfn;
	char *line = text;
	int order;
	size_t i;

	ASSERT_EQ(0, procfile_write(FREED "enable", "0"));
	ASSERT_LT(0, procfile_read(TRACE, text, sizeof(text)));
	while ((line = strstr(line, " pfn="))) {
		ASSERT_EQ(2, sscanf(line++, " pfn=%li order=%d", &pfn, &order));
		pfn -= scene_pfn(s);
		for (i = 0; i < 1UL << order && pfn + i < s->nr; i++)
			times[pfn + i]++;
	}
}

/*
 * Rule 12, by tracing: a raw page is never freed, so no event may report it.
 * Healthy pages may have been reused and freed again before this reads it.
 */
TEST_F(pool, frees_traced)
{
	unsigned int times[SIZE_2M / BASE_PAGE] = { 0 };
	struct scene *s = &self->s;
	size_t i, healthy = 0, raw = 0;

	scene_damage(_metadata, s, ERROR_INJECT);
	trace_frees(_metadata, s);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	poll_until(said_to_be_gone(s));
	count_frees(_metadata, s, times);
	for (i = 0; i < s->nr; i++) {
		raw += is_raw(s, i) && times[i];
		healthy += !is_raw(s, i) && times[i];
	}
	EXPECT_EQ(s->nr - s->n_raw, healthy);
	EXPECT_EQ(0, raw);
}

/* Rules 3, 12: with every page raw, nothing is left to free. */
TEST_F(pool, every_page_raw)
{
	struct scene *s = &self->s;

	for (s->n_raw = 0; s->n_raw < s->nr; s->n_raw++)
		s->raw[s->n_raw] = s->n_raw;
	scene_damage(_metadata, s, ERROR_INJECT);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	expect_pool(_metadata, s);
	ASSERT_TRUE(poll_until(said_to_be_gone(s)));
	expect_accounted(_metadata, s);
	expect_raw_isolated(_metadata, s);
	expect_errors_counted(_metadata, s);
}

/* Rules 11, 14: a folio without errors returns to the pool, as on base. */
TEST_F(pool, healthy_page_returns)
{
	struct scene *s = &self->s;
	struct pool pool;

	CONTROL_SAME();
	s->n_raw = 0;
	scene_damage(_metadata, s, ERROR_INJECT);
	ASSERT_EQ(0, holder_release(&s->holder, RELEASE_CLOSE, 0));
	EXPECT_TRUE(poll_until(!pool_read(SIZE_2M, &pool) &&
			       pool.free == s->pool.free));
	EXPECT_EQ(s->pool.nr, pool.nr);
	EXPECT_EQ(s->pool.resv, pool.resv);
}

/* Errors in every other base page, by a process that shares its progress. */
struct storm {
	volatile size_t page;
	int result[SIZE_2M / BASE_PAGE];
};

FIXTURE(race)
{
	struct scene s;
	struct storm *storm;
};

FIXTURE_VARIANT(race)
{
	enum release_how how;
};

FIXTURE_VARIANT_ADD(race, close) { .how = RELEASE_CLOSE };
FIXTURE_VARIANT_ADD(race, punch) { .how = RELEASE_PUNCH };
FIXTURE_VARIANT_ADD(race, kill) { .how = RELEASE_KILL };

FIXTURE_SETUP(race)
{
	self->storm = mmap(NULL, sizeof(*self->storm), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->storm);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(race)
{
	holder_end(&self->s.holder);
}

static pid_t storm_start(struct storm *storm, unsigned long pfn, size_t nr)
{
	pid_t pid = fork();
	size_t page;

	if (pid)
		return pid;
	for (page = 1; page < nr; page += 2) {
		storm->result[page] = error_inject_pfn(pfn + page);
		storm->page = page;
	}
	_exit(0);
}

static long count_isolated(struct __test_metadata *_metadata,
			   const struct scene *s, const struct storm *storm)
{
	size_t page;
	long marked = 0;

	ASSERT_EQ(0, page_flags_read(scene_pfn(s), s->nr, s->flags));
	for (page = 0; page < s->nr; page++) {
		uint64_t flags = s->flags[page];

		if (page == 0 || (page % 2 && !storm->result[page]))
			ASSERT_TRUE(flags & PAGE_HWPOISON);
		if (flags & PAGE_HWPOISON) {
			ASSERT_FALSE(flags & (PAGE_BUDDY | PAGE_HUGE));
			marked++;
		}
	}
	return marked;
}

/* Release a folio after @after errors of the storm; check that all count. */
static void race_once(struct __test_metadata *_metadata, struct scene *s,
		      struct storm *storm, enum release_how how, size_t after)
{
	struct error_counters now;
	long marked;
	pid_t pid;

	scene_open(_metadata, s, SIZE_2M);
	s->raw[0] = 0;
	s->n_raw = 1;
	storm->page = 0;
	scene_damage(_metadata, s, ERROR_INJECT);
	pid = storm_start(storm, scene_pfn(s), s->nr);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(poll_until(storm->page >= after));
	ASSERT_EQ(0, holder_release(&s->holder, how, 0));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	/* See expect_raw_isolated(); the number of lost pages varies. */
	if (!policy_omitted())
		poll_until(kmsg_count("%#lx: kept huge page left the pool",
				      scene_pfn(s)));
	ASSERT_TRUE(poll_until(!(page_flags(scene_pfn(s)) & PAGE_HUGE)));
	marked = count_isolated(_metadata, s, storm);
	error_counters_read(&now);
	EXPECT_EQ(s->errors.corrupted_kb + 4 * marked, now.corrupted_kb);
	holder_end(&s->holder);
	munmap(s->flags, s->nr * sizeof(*s->flags));
}

/*
 * Rule 15: an error that races with the release is either on the record or
 * handled as an error of the base page that the memory has become.  The release
 * comes after some errors and before others.
 */
TEST_F_TIMEOUT(race, errors_while_released, 60)
{
	size_t after;

	for (after = 31; after < 512; after += 128)
		race_once(_metadata, &self->s, self->storm, variant->how,
			  after);
}

FIXTURE(consumed)
{
	struct scene s[2];
	char reserves[64];
};

/* What each zone withholds from allocations that could use a higher zone. */
#define RESERVES	"/proc/sys/vm/lowmem_reserve_ratio"

FIXTURE_SETUP(consumed)
{
	scene_open(_metadata, &self->s[0], SIZE_2M);
	choose_raw(&self->s[0], RELEASE_CLOSE);
	scene_open(_metadata, &self->s[1], SIZE_1G);
	choose_raw(&self->s[1], RELEASE_KILL);
	ASSERT_LT(0, procfile_read(RESERVES, self->reserves,
				   sizeof(self->reserves)));
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(consumed)
{
	lab_poison_clear();
	holder_end(&self->s[0].holder);
	holder_end(&self->s[1].holder);
	procfile_write(RESERVES, "%s", self->reserves);
}

/*
 * Rule 12: a raw page is never allocated.  With the poison still in place, most
 * memory becomes huge pages, which leaves fragments such as those around raw
 * pages; then a process writes to all of that memory.  A raw page among it
 * would be in use now, and no longer marked.
 */
#define POOL_SPARE_KB	(192 << 10)

TEST_F_TIMEOUT(consumed, raw_pages_never_handed_out, 180)
{
	struct pool pool;
	int64_t hits;
	size_t i;

	for (i = 0; i < 2; i++) {
		error_counters_read(&self->s[i].errors);
		scene_damage(_metadata, &self->s[i], ERROR_CONSUME);
		ASSERT_EQ(0, holder_release(&self->s[i].holder, RELEASE_KILL,
					    0));
		expect_released(_metadata, &self->s[i]);
	}
	hits = lab_poison_hits();
	ASSERT_EQ(0, procfile_write(RESERVES, "0 0 0 0"));
	ASSERT_EQ(0, pool_read(SIZE_2M, &pool));
	ASSERT_LT(pool.nr + 256, exhaust_by_huge_pages(pool.nr,
						       POOL_SPARE_KB));
	EXPECT_EQ(SIGKILL, exhaust_by_base_pages());
	ASSERT_EQ(pool.nr, pool_set(SIZE_2M, pool.nr));
	EXPECT_EQ(hits, lab_poison_hits());
	expect_raw_isolated(_metadata, &self->s[0]);
	expect_raw_isolated(_metadata, &self->s[1]);
}

TEST_HARNESS_MAIN
