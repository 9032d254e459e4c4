// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hits at bad moments: while the module is unloaded, and while memory goes
 * offline.  None is lost, and none is found twice.
 *
 * A hit precedes the attempt to take its block offline, which fails while the hit
 * is handled and is then repeated; memory about to go offline is not read.  No
 * test leaves unfound poison there: the kernel would hit it while migrating the
 * page, with results that are not ours and not always good.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/uio.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "census.h"
#include "control.h"
#include "hugepage.h"
#include "memblock.h"
#include "offliner.h"
#include "pageflags.h"
#include "pages.h"
#include "pattern.h"
#include "polling.h"
#include "ranges.h"
#include "scanner.h"
#include "sigbus.h"
#include "writeback.h"

/* Timeout of a test, on a busy machine */
#define LONG_SECONDS	120

#define PLANTED		64

/* Page frames with poison, and where they were mapped then. */
struct planted {
	char *addr[PLANTED];
	int64_t pa[PLANTED];
};

FIXTURE(moments)
{
	struct planted planted;
};

FIXTURE_SETUP(moments)
{
	ASSERT_EQ(0, scanner_begin());
}

FIXTURE_TEARDOWN_PARENT(moments)
{
	scanner_end();
}

static int plant(struct planted *planted, char *p, size_t stride)
{
	int i, err = 0;

	for (i = 0; i < PLANTED && !err; i++) {
		planted->addr[i] = p + i * stride * BASE_PAGE;
		planted->pa[i] = lab_pa(planted->addr[i]);
		err = lab_poison_add(planted->pa[i], 1);
	}
	return err;
}

static int isolated(const struct planted *planted)
{
	int i, n = 0;

	for (i = 0; i < PLANTED; i++)
		n += page_is_isolated(planted->pa[i] / BASE_PAGE);
	return n;
}

/* Hits are handled before the module goes; the rest is found next time. */
TEST_F_TIMEOUT(moments, unload, LONG_SECONDS)
{
	int64_t hits = lab_poison_hits();
	char *p = pages_map(PLANTED);

	ASSERT_NE(NULL, p);
	ASSERT_EQ(0, plant(&self->planted, p, 1));
	ASSERT_EQ(0, scanner_set("node0/cycle_seconds", "1"));
	ASSERT_EQ(0, scanner_set("node0/max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set("node0/enabled", "1"));
	while (!scanner_figure("node0/hits/recovered") &&
	       !scanner_figure("node0/passes"))
		;
	ASSERT_EQ(0, scanner_unload());
	EXPECT_LT(0, isolated(&self->planted));
	EXPECT_EQ(lab_poison_hits() - hits, isolated(&self->planted));

	ASSERT_EQ(0, scanner_load("force=1"));
	ASSERT_EQ(0, scanner_set("max_hits_per_minute", "1000"));
	ASSERT_EQ(0, scanner_read_node());
	EXPECT_EQ(PLANTED, isolated(&self->planted));
	EXPECT_EQ(hits + PLANTED, lab_poison_hits());
}

static uint64_t block_of(uint64_t pa)
{
	return pa / BLOCK_BYTES * BLOCK_BYTES;
}

static bool can_go(uint64_t block)
{
	return memblock_is_online(block) && memblock_is_movable(block);
}

/* True if it can also come back: no poison was found in it before. */
static bool can_go_and_come(uint64_t block)
{
	static uint64_t flags[BLOCK_BYTES / BASE_PAGE];
	size_t i;

	if (!can_go(block) ||
	    page_flags_read(block / BASE_PAGE, ARRAY_SIZE(flags), flags))
		return false;
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i] & PAGE_HWPOISON)
			return false;
	return true;
}

/*
 * A suitable block in the same aligned 1 GiB as the page at @pa, but without it,
 * or in another; 0 if there is none.
 */
static uint64_t other_block(uint64_t pa, bool is_near)
{
	int blocks[64], i, n = census_blocks(0, blocks, ARRAY_SIZE(blocks));
	uint64_t block;

	for (i = 0; i < n; i++) {
		block = blocks[i] * BLOCK_BYTES;
		if (block != block_of(pa) &&
		    (block / SIZE_1G == pa / SIZE_1G) == is_near &&
		    can_go_and_come(block))
			return block;
	}
	return 0;
}

/* A hit on demand, whose handling lasts until disk writes are released. */
FIXTURE(held)
{
	struct writeback page;
	int64_t hits;
};

FIXTURE_SETUP(held)
{
	ASSERT_EQ(0, scanner_begin());
	ASSERT_EQ(0, writeback_hold(&self->page));
	self->hits = lab_poison_hits();
	ASSERT_EQ(0, lab_poison_add(self->page.pa, 1));
}

FIXTURE_TEARDOWN_PARENT(held)
{
	writeback_let_go();
	scanner_end();
}

/*
 * While a hit is handled, the memory around it stays online, where the head of
 * its folio may be; other memory can go.
 */
TEST_F_TIMEOUT(held, no_memory_goes_during_its_hit, LONG_SECONDS)
{
	uint64_t near = other_block(self->page.pa, true);
	uint64_t far = other_block(self->page.pa, false);
	struct offliner offliner;

	ASSERT_NE(0, near);
	ASSERT_NE(0, far);
	ASSERT_EQ(0, range_start(self->page.pa, BASE_PAGE));
	ASSERT_TRUE(poll_until(lab_poison_hits() > self->hits));
	CONTROL_READY();
	ASSERT_EQ(0, offliner_start(&offliner, self->page.pa));
	ASSERT_TRUE(poll_until(*offliner.busy)) {
		/* It waits for the page, uninterruptibly */
		writeback_let_go();
		offliner_end(&offliner);
	}
	ASSERT_EQ(-EINTR, offliner_end(&offliner));
	EXPECT_EQ(-EBUSY, memblock_set(near, "offline"));
	EXPECT_TRUE(memblock_is_online(near));
	EXPECT_EQ(0, memblock_set(far, "offline"));
	EXPECT_FALSE(memblock_is_online(far));
	EXPECT_EQ(0, memblock_set(far, "online_movable"));
	/* The hit is still being handled */
	EXPECT_EQ(0, range_hits("recovered"));
	ASSERT_EQ(0, writeback_let_go());
	ASSERT_TRUE(poll_until(range_ended() == 1));
	EXPECT_EQ(1, range_hits("recovered"));
	EXPECT_EQ(self->hits + 1, lab_poison_hits());
	EXPECT_TRUE(page_is_isolated(self->page.pa / BASE_PAGE));
}

/* Who asked is interrupted, but not before the hit has been handled. */
TEST_F_TIMEOUT(held, a_range_is_interrupted_at_a_hit, LONG_SECONDS)
{
	int fd = range_open(), status;
	char line[256];
	pid_t pid;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, range_order(fd, self->page.pa, BASE_PAGE, 100));
	pid = fork();
	if (!pid)
		_exit(range_line(fd, line) < 0);
	ASSERT_TRUE(poll_until(lab_poison_hits() > self->hits));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	usleep(100000);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, writeback_let_go());
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(page_is_isolated(self->page.pa / BASE_PAGE));
	/* The descriptor has its end for who is left */
	ASSERT_LT(0, range_line(fd, line));
	EXPECT_STREQ("end read_pages=1 leaving_pages=0 offline_pages=0 hwpoison_pages=0 known_pages=0 unmapped_pages=0 hits=1",
		     line);
	close(fd);
}

/* Another range is read while that hit is being handled. */
TEST_F_TIMEOUT(held, ranges_do_not_wait_for_each_other, LONG_SECONDS)
{
	int64_t other = lab_pa(pages_map(1));

	ASSERT_LT(0, other);
	ASSERT_EQ(0, range_start(self->page.pa, BASE_PAGE));
	ASSERT_TRUE(poll_until(lab_poison_hits() > self->hits));
	ASSERT_EQ(0, range_read(other, BASE_PAGE));
	EXPECT_EQ(1, range_ended());
	EXPECT_EQ(0, range_last("hits"));
	EXPECT_EQ(1, range_last("read_pages"));
	ASSERT_EQ(0, writeback_let_go());
	EXPECT_TRUE(poll_until(range_ended() == 2));
	EXPECT_EQ(1, range_last("hits"));
	EXPECT_EQ(1, range_hits("recovered"));
}

static bool are_in_one_block(const char *first, size_t n)
{
	uint64_t block = block_of(lab_pa(first));
	size_t i;

	for (i = 1; i < n; i++)
		if (block_of(lab_pa(first + i * BASE_PAGE)) != block)
			return false;
	return true;
}

/* The first of @n contiguous pages within one suitable block, or NULL. */
static char *map_in_a_block(size_t n, bool (*fits)(uint64_t block))
{
	enum { TRIES = 16, SOME = 8192 };
	size_t i, at;
	char *p;

	for (i = 0; i < TRIES; i++) {
		p = pages_map(SOME);
		for (at = 0; p && at + n <= SOME; at += SOME / 4)
			if (are_in_one_block(p + at * BASE_PAGE, n) &&
			    fits(block_of(lab_pa(p + at * BASE_PAGE))))
				return p + at * BASE_PAGE;
	}
	return NULL;
}

static bool is_leaving(uint64_t pa)
{
	return !range_read(pa, BASE_PAGE) &&
	       range_last("leaving_pages") == 1;
}

/*
 * A hit in other memory while a block is about to go offline.  A pipe holds one
 * of its pages, so going offline cannot end until the pipe is closed.  The
 * kernel makes the hit wait for that; the two do not deadlock.
 */
TEST_F_TIMEOUT(moments, hit_while_other_memory_goes, LONG_SECONDS)
{
	int64_t held, pa, hits = lab_poison_hits();
	struct offliner offliner;
	struct sigbus told = {};
	struct iovec iov;
	int fds[2];
	char *p;

	p = map_in_a_block(1, can_go_and_come);
	ASSERT_NE(NULL, p);
	held = lab_pa(p);
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	iov = (struct iovec){ p, BASE_PAGE };
	ASSERT_EQ(BASE_PAGE, vmsplice(fds[1], &iov, 1, 0));
	ASSERT_EQ(0, offliner_start(&offliner, held));
	ASSERT_TRUE(poll_until(is_leaving(held)));

	p = pages_map(1);
	pa = lab_pa(p);
	ASSERT_LT(0, pa);
	EXPECT_NE(block_of(held), block_of(pa));
	ASSERT_EQ(0, lab_poison_add(pa, 1));
	ASSERT_EQ(0, range_start(pa, BASE_PAGE));
	EXPECT_TRUE(poll_until(lab_poison_hits() > hits));
	printf("# seen: %ld hits handled while a block goes\n",
	       range_hits("recovered"));

	close(fds[0]);
	close(fds[1]);
	EXPECT_TRUE(calmly_until(offliner_has_ended(&offliner)));
	EXPECT_EQ(0, offliner_end(&offliner));
	EXPECT_FALSE(memblock_is_online(held));
	EXPECT_TRUE(poll_until(range_hits("recovered") == 1));
	EXPECT_EQ(1, sigbus_optional(&told));
	EXPECT_EQ((uintptr_t)p, told.addr & -BASE_PAGE);
	EXPECT_TRUE(page_is_isolated(pa / BASE_PAGE));
	EXPECT_EQ(0, memblock_set(held, "online_movable"));
}

#define STRIDE	4

/* A block with errors. */
FIXTURE(going)
{
	struct planted planted;
	char *pages;
	uint64_t block;
};

FIXTURE_SETUP(going)
{
	ASSERT_EQ(0, scanner_begin());
	self->pages = map_in_a_block(PLANTED * STRIDE, can_go);
	ASSERT_NE(NULL, self->pages);
	pattern_fill(self->pages, 0, PLANTED * STRIDE * BASE_PAGE);
	ASSERT_EQ(0, plant(&self->planted, self->pages, STRIDE));
	self->block = block_of(self->planted.pa[0]);
}

FIXTURE_TEARDOWN_PARENT(going)
{
	scanner_end();
}

static int lost(const struct planted *planted)
{
	struct sigbus seen;
	int i, n = 0;

	for (i = 0; i < PLANTED; i++)
		n += sigbus_on_load(planted->addr[i], &seen);
	return n;
}

static int whole(const char *pages)
{
	int i, n = 0;

	for (i = 0; i < PLANTED * STRIDE; i++)
		if (i % STRIDE)
			n += pattern_check(pages + i * BASE_PAGE, i * BASE_PAGE,
					   BASE_PAGE) == -1;
	return n;
}

/*
 * After the last hit in the block, the operator retries to take it offline while
 * the kernel returns EBUSY.  It goes offline while it is still being read; its
 * owner has lost the found pages and nothing else.  The kernel refuses to take
 * it back online, because it has poison.
 */
TEST_F_TIMEOUT(going, while_it_is_read, LONG_SECONDS)
{
	int64_t hits = lab_poison_hits() + PLANTED;
	struct offliner offliner;

	ASSERT_EQ(0, range_start(self->block, BLOCK_BYTES));
	while (lab_poison_hits() < hits && !range_ended())
		;
	ASSERT_EQ(hits, lab_poison_hits());
	ASSERT_EQ(0, offliner_start(&offliner, self->block));
	EXPECT_TRUE(calmly_until(offliner_has_ended(&offliner)));
	EXPECT_EQ(0, offliner_end(&offliner));
	EXPECT_FALSE(memblock_is_online(self->block));
	EXPECT_TRUE(calmly_until(range_ended() == 1));
	printf("# seen: offline was EBUSY %d times; %ld pages read, %ld leaving\n",
	       *offliner.busy, range_last("read_pages"),
	       range_last("leaving_pages"));
	EXPECT_EQ(PLANTED, range_hits("recovered"));
	EXPECT_EQ(PLANTED, lost(&self->planted));
	EXPECT_EQ(PLANTED * (STRIDE - 1), whole(self->pages));
	EXPECT_EQ(hits, lab_poison_hits());
	EXPECT_EQ(-EHWPOISON, memblock_set(self->block, "online_movable"));
	EXPECT_FALSE(memblock_is_online(self->block));
}

TEST_HARNESS_MAIN
