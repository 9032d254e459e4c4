// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pass covers exactly the pages of its node, of whatever kind, even if the
 * node changes meanwhile.
 *
 * The machine has three nodes: node 1 has memory but no CPU, and node 2 has
 * neither until virtio-mem plugs in memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "census.h"
#include "hugepage.h"
#include "memblock.h"
#include "monitor.h"
#include "pageflags.h"
#include "pages.h"
#include "polling.h"
#include "procfile.h"
#include "ranges.h"
#include "scanner.h"

#define NEAR	0
#define FAR	1
#define PLUGGED	2

#define MPOL_BIND	2
#define AUTO_ONLINE	"/sys/devices/system/memory/auto_online_blocks"
/* A census takes long on a debug kernel. */
#define LONG_SECONDS	120
#define YEAR		"31622400"
#define BLOCK_PAGES	(long)(BLOCK_BYTES / BASE_PAGE)
#define NEARBY_BYTES	(2UL << 20)

FIXTURE(nodes)
{
};

FIXTURE_SETUP(nodes)
{
	ASSERT_EQ(0, procfile_write(AUTO_ONLINE, "online_movable"));
	ASSERT_EQ(0, scanner_load("force=1"));
}

FIXTURE_TEARDOWN_PARENT(nodes)
{
	lab_poison_clear();
	scanner_unload();
}

static long last(int node, const char *what)
{
	char file[64];

	snprintf(file, sizeof(file), "last_pass/%s_pages", what);
	return scanner_node_figure(node, file);
}

/* Read a pass, and compare it with the kernel's own counts. */
static bool is_covered(int node)
{
	struct census census;
	long sum;

	if (scanner_read_pass(node) || census_take(node, &census))
		return false;
	sum = last(node, "read") + last(node, "leaving") +
	      last(node, "offline") + last(node, "hwpoison") +
	      last(node, "known") + last(node, "scope") +
	      last(node, "unmapped");
	printf("# node %d: zoneinfo %ld, kpageflags %ld, pass %ld\n", node,
	       census.zoneinfo, census.present, sum);
	printf("# offline: kpageflags %ld, pass %ld; hwpoison: %ld, %ld\n",
	       census.offline, last(node, "offline"), census.hwpoison,
	       last(node, "hwpoison"));
	return sum == census.zoneinfo && sum == census.present &&
	       last(node, "offline") == census.offline &&
	       last(node, "hwpoison") == census.hwpoison &&
	       last(node, "read") + last(node, "unmapped") ==
		census.present - census.offline - census.hwpoison;
}

/* Off by default like all nodes, and read by the CPUs of other nodes. */
TEST_F_TIMEOUT(nodes, pass_covers_a_node_without_cpus, LONG_SECONDS)
{
	char with[32];

	ASSERT_LT(0, procfile_read("/sys/devices/system/node/has_cpu", with,
				   sizeof(with)));
	ASSERT_STREQ("0\n", with);
	EXPECT_EQ(0, scanner_node_figure(FAR, "enabled"));
	EXPECT_TRUE(is_covered(FAR));
	EXPECT_LT(0, last(FAR, "read"));
	EXPECT_EQ(0, scanner_node_figure(NEAR, "read_bytes"));
	EXPECT_TRUE(is_covered(NEAR));
}

/* Ballooned pages, from event counters, which are faster than a census. */
static long ballooned(void)
{
	return procfile_value("/proc/vmstat", "balloon_inflate ") -
	       procfile_value("/proc/vmstat", "balloon_deflate ");
}

/* Size of the machine without plugged memory. */
static int machine_mib(void)
{
	const char *mib = getenv("MFR_MIB");

	return mib ? atoi(mib) : 0;
}

/* The host has taken them back; reading would populate them again. */
TEST_F_TIMEOUT(nodes, ballooned_pages_are_not_read, LONG_SECONDS)
{
	const long pages = (64 << 20) / BASE_PAGE;

	ASSERT_EQ(0, ballooned());
	ASSERT_EQ(0, monitor_do("balloon %d", machine_mib() - 64));
	calmly_until(ballooned() == pages);
	ASSERT_EQ(pages, ballooned());
	EXPECT_TRUE(is_covered(NEAR));
	EXPECT_TRUE(is_covered(FAR));
	EXPECT_EQ(pages, last(NEAR, "offline") + last(FAR, "offline"));
	ASSERT_EQ(0, monitor_do("balloon %d", machine_mib()));
	calmly_until(!ballooned());
	ASSERT_EQ(0, ballooned());
	EXPECT_TRUE(is_covered(NEAR));
	EXPECT_EQ(0, last(NEAR, "offline"));
}

/* Not in the direct map: the trap is counted, and the scan continues. */
TEST_F_TIMEOUT(nodes, secret_pages_are_unmapped, LONG_SECONDS)
{
	enum { PAGES = 64 };
	int fd = syscall(SYS_memfd_secret, 0);
	int64_t pa;
	char *p;
	int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, PAGES * BASE_PAGE));
	p = mmap(NULL, PAGES * BASE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		 fd, 0);
	ASSERT_NE(MAP_FAILED, p);
	memset(p, 1, PAGES * BASE_PAGE);
	for (i = 0; i < PAGES; i++) {
		pa = lab_pa(p + i * BASE_PAGE);
		ASSERT_LT(0, pa);
		ASSERT_EQ(0, range_read(pa, BASE_PAGE));
		EXPECT_EQ(1, range_last("unmapped_pages"));
		EXPECT_EQ(0, range_last("read_pages"));
	}
	EXPECT_TRUE(is_covered(NEAR));
	EXPECT_LE(PAGES, last(NEAR, "unmapped"));
}

static long plugged_pages(void)
{
	struct census census;

	return census_take(PLUGGED, &census) ? -1 :
	       census.zoneinfo - census.offline;
}

/* Make virtio-mem plug in this much, and wait until all of it is online. */
static bool plug(const char *size, long bytes)
{
	return !monitor_do("qom-set vmem requested-size %s", size) &&
	       poll_until(plugged_pages() == bytes / (long)BASE_PAGE);
}

/* A node gets its first memory, loses all of it, and gets more. */
TEST_F_TIMEOUT(nodes, memory_comes_to_a_new_node, LONG_SECONDS)
{
	ASSERT_TRUE(plug("0", 0));
	ASSERT_EQ(0, scanner_unload());
	ASSERT_EQ(0, scanner_load("force=1"));
	EXPECT_EQ(-ENOENT, scanner_node_figure(PLUGGED, "enabled"));

	ASSERT_TRUE(plug("130M", 130 << 20));
	EXPECT_TRUE(poll_until(!scanner_node_figure(PLUGGED, "enabled")));
	EXPECT_TRUE(is_covered(PLUGGED));
	EXPECT_EQ((130 << 20) / (long)BASE_PAGE, last(PLUGGED, "read"));
	EXPECT_EQ((126 << 20) / (long)BASE_PAGE, last(PLUGGED, "offline"));

	ASSERT_TRUE(plug("0", 0));
	EXPECT_TRUE(is_covered(PLUGGED));
	EXPECT_EQ(0, last(PLUGGED, "read"));

	ASSERT_TRUE(plug("256M", 256 << 20));
	EXPECT_TRUE(is_covered(PLUGGED));
	EXPECT_EQ(2 * BLOCK_PAGES, last(PLUGGED, "read"));
}

FIXTURE(plugged)
{
	int blocks[4];
	uint64_t pa;
};

FIXTURE_SETUP(plugged)
{
	ASSERT_EQ(0, procfile_write(AUTO_ONLINE, "online_movable"));
	ASSERT_TRUE(plug("256M", 256 << 20));
	ASSERT_EQ(2, census_blocks(PLUGGED, self->blocks, 4));
	self->pa = self->blocks[0] * BLOCK_BYTES;
	ASSERT_EQ(0, scanner_load("force=1"));
}

FIXTURE_TEARDOWN_PARENT(plugged)
{
	lab_poison_clear();
	scanner_unload();
}

static uint64_t block_pa(const FIXTURE_DATA(plugged) *self, int i)
{
	return self->blocks[i] * BLOCK_BYTES;
}

TEST_F_TIMEOUT(plugged, scope_free, LONG_SECONDS)
{
	struct census census;

	ASSERT_EQ(0, scanner_set_node(PLUGGED, "scope", "free"));
	ASSERT_EQ(0, scanner_read_pass(PLUGGED));
	ASSERT_EQ(0, census_take(PLUGGED, &census));
	EXPECT_LT(0, census.free);
	EXPECT_EQ(census.free, last(PLUGGED, "read"));
	EXPECT_EQ(census.present - census.free, last(PLUGGED, "scope") +
		  last(PLUGGED, "hwpoison"));
}

/* Blocks go offline and online while they are read at full speed. */
TEST_F_TIMEOUT(plugged, blocks_go_and_come, LONG_SECONDS)
{
	enum { ROUNDS = 8 };
	long passes;
	int i;

	ASSERT_EQ(0, scanner_read_pass(PLUGGED));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "enabled", "1"));
	for (i = 0; i < ROUNDS; i++) {
		uint64_t pa = block_pa(self, i % 2);

		ASSERT_EQ(0, memblock_set(pa, "offline"));
		EXPECT_FALSE(memblock_is_online(pa));
		ASSERT_EQ(0, memblock_set(pa, "online_movable"));
	}
	passes = scanner_node_figure(PLUGGED, "passes");
	EXPECT_TRUE(poll_until(scanner_node_figure(PLUGGED, "passes") >
			       passes));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "enabled", "0"));
	ASSERT_EQ(0, memblock_set(block_pa(self, 1), "offline"));
	EXPECT_TRUE(is_covered(PLUGGED));
	EXPECT_EQ(BLOCK_PAGES, last(PLUGGED, "read") +
		  last(PLUGGED, "hwpoison"));
	EXPECT_EQ(-EINVAL, range_start(block_pa(self, 1), BASE_PAGE));
	ASSERT_EQ(0, memblock_set(block_pa(self, 1), "online_movable"));
	EXPECT_TRUE(is_covered(PLUGGED));
}

/* Memory that came online is read soon, even if the pass takes a year. */
TEST_F_TIMEOUT(plugged, what_comes_is_read_soon, LONG_SECONDS)
{
	uint64_t pa = block_pa(self, 1);

	ASSERT_EQ(0, memblock_set(pa, "offline"));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "cycle_seconds", YEAR));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "enabled", "1"));
	ASSERT_TRUE(poll_until(scanner_node_figure(PLUGGED, "read_bytes") >
			       0));
	EXPECT_EQ(0, scanner_node_figure(PLUGGED, "nearby/blocks"));

	ASSERT_EQ(0, lab_poison_add(pa + BLOCK_BYTES - 64, 1));
	ASSERT_EQ(0, memblock_set(pa, "online_movable"));
	EXPECT_TRUE(poll_until(scanner_node_figure(PLUGGED,
						   "hits/recovered") == 1));
	EXPECT_EQ((pa + BLOCK_BYTES) / BASE_PAGE - 1,
		  scanner_node_figure(PLUGGED, "last_hit_pfn"));
	/* Counted at the end of the burst with the hit */
	EXPECT_TRUE(poll_until(scanner_node_figure(PLUGGED,
						   "nearby/hits") == 1));
	EXPECT_LE(BLOCK_BYTES / NEARBY_BYTES,
		  scanner_node_figure(PLUGGED, "nearby/blocks"));
	EXPECT_EQ(0, scanner_node_figure(PLUGGED, "passes"));
}

/*
 * The first burst of a year-long pass hits; the scan then finds the errors near
 * it, and those near them, but the pass does not advance.
 */
TEST_F_TIMEOUT(plugged, what_is_near_a_hit_is_read, LONG_SECONDS)
{
	const uint64_t near[] = {
		5 * BASE_PAGE,			/* the first */
		NEARBY_BYTES - BASE_PAGE,		/* in the same 2 MiB */
		2 * NEARBY_BYTES - BASE_PAGE,	/* in the 2 MiB after */
		2 * NEARBY_BYTES,			/* after that, next to a hit */
	};
	const uint64_t far = 16 * NEARBY_BYTES;
	const size_t n = ARRAY_SIZE(near);
	uint64_t pa = block_pa(self, 1);
	size_t i;

	ASSERT_EQ(0, memblock_set(self->pa, "offline"));
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, lab_poison_add(pa + near[i], 1));
	ASSERT_EQ(0, lab_poison_add(pa + far, 1));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "cycle_seconds", YEAR));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "enabled", "1"));
	EXPECT_TRUE(poll_until(scanner_node_figure(PLUGGED,
						   "hits/recovered") == n));
	/* The one before the memory block, the first three, and the next */
	EXPECT_TRUE(poll_until(scanner_node_figure(PLUGGED,
						   "nearby/blocks") == 5));
	EXPECT_EQ(n - 1, scanner_node_figure(PLUGGED, "nearby/hits"));
	EXPECT_EQ(n, scanner_node_figure(PLUGGED, "pass/hits"));
	EXPECT_EQ(n, scanner_node_figure(PLUGGED, "hits/recovered"));
	EXPECT_FALSE(page_flags((pa + far) / BASE_PAGE) & PAGE_HWPOISON);
	EXPECT_EQ(0, scanner_node_figure(PLUGGED, "passes"));

	/* The pass finally finds the far error, and reads no known poison */
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "cycle_seconds", "1"));
	EXPECT_TRUE(poll_until(scanner_node_figure(PLUGGED, "passes") > 0));
	EXPECT_EQ(n + 1, scanner_node_figure(PLUGGED, "last_pass/hits"));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "enabled", "0"));
	ASSERT_EQ(0, memblock_set(self->pa, "online_movable"));
}

/* Map new pages on the node; NULL if that fails. */
static char *map_on(int node, size_t bytes)
{
	unsigned long mask = 1UL << node;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED ||
	    syscall(SYS_mbind, p, bytes, MPOL_BIND, &mask, 8 * sizeof(mask), 0))
		return NULL;
	memset(p, 1, bytes);
	return p;
}

/* In a child, because it retries until it is killed. */
static pid_t start_offline(uint64_t pa)
{
	pid_t pid = fork();

	if (!pid)
		_exit(memblock_set(pa, "offline") ? 1 : 0);
	return pid;
}

static bool is_going_offline(uint64_t pa)
{
	return range_read(pa, BASE_PAGE) == 0 &&
	       range_last("leaving_pages") == 1;
}

/*
 * Memory about to go offline is not read.  A page held by a pipe cannot be
 * migrated, so taking its block offline retries until it is interrupted.
 */
TEST_F_TIMEOUT(plugged, what_goes_is_not_read, LONG_SECONDS)
{
	int64_t hits, pa, block;
	int status, fds[2];
	struct iovec iov;
	char *p;
	pid_t pid;

	p = map_on(PLUGGED, BASE_PAGE);
	ASSERT_NE(NULL, p);
	pa = lab_pa(p);
	block = pa & -BLOCK_BYTES;
	ASSERT_LE(block_pa(self, 0), pa);
	ASSERT_EQ(0, pipe(fds));
	iov = (struct iovec){ p, BASE_PAGE };
	ASSERT_EQ(BASE_PAGE, vmsplice(fds[1], &iov, 1, 0));

	pid = start_offline(pa);
	EXPECT_TRUE(poll_until(is_going_offline(pa)));
	ASSERT_EQ(0, lab_poison_add(pa, 1));
	hits = lab_poison_hits();
	EXPECT_EQ(0, scanner_read_pass(PLUGGED));
	EXPECT_EQ(BLOCK_PAGES, last(PLUGGED, "leaving"));
	EXPECT_EQ(0, range_read(block, BLOCK_BYTES));
	EXPECT_EQ(0, range_last("read_pages"));
	EXPECT_EQ(hits, lab_poison_hits());
	ASSERT_EQ(0, lab_poison_del(pa, 1));

	/* The block stays online, and is read again */
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_TRUE(memblock_is_online(pa));
	EXPECT_EQ(0, range_read(block, BLOCK_BYTES));
	EXPECT_EQ(0, range_last("leaving_pages"));
	EXPECT_TRUE(is_covered(PLUGGED));
	close(fds[0]);
	close(fds[1]);
}

/*
 * A block with poison that went offline comes back only if it is unplugged and
 * plugged in again.  Poison found then is not handed out either.
 */
TEST_F_TIMEOUT(plugged, poison_that_comes_back_is_found, LONG_SECONDS)
{
	uint64_t pa = block_pa(self, 1), poisoned = pa + 9 * BASE_PAGE;
	int blocks[4];

	ASSERT_EQ(0, lab_poison_add(poisoned, 1));
	ASSERT_EQ(0, range_read(pa, BLOCK_BYTES));
	ASSERT_EQ(1, range_hits("recovered"));
	ASSERT_EQ(0, memblock_set(pa, "offline"));
	EXPECT_EQ(-EHWPOISON, memblock_set(pa, "online_movable"));

	ASSERT_EQ(0, monitor_do("qom-set vmem requested-size 128M"));
	ASSERT_TRUE(poll_until(census_blocks(PLUGGED, blocks, 4) == 1));
	ASSERT_EQ(self->blocks[0], blocks[0]);
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "cycle_seconds", YEAR));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "max_cpu_percent", "100"));
	ASSERT_EQ(0, scanner_set_node(PLUGGED, "enabled", "1"));
	ASSERT_TRUE(plug("256M", 256 << 20));
	EXPECT_TRUE(memblock_is_online(pa));
	EXPECT_TRUE(poll_until(scanner_node_figure(PLUGGED,
						   "hits/recovered") == 1));
	EXPECT_TRUE(page_is_isolated(poisoned / BASE_PAGE));
}

TEST_HARNESS_MAIN
