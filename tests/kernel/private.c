// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 7: MAP_PRIVATE mappings of a file with kept folios.  They share
 * the file's folio until they write; copying a folio with poison fails; pages
 * that are already private are not under the policy.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "fdinfo.h"
#include "filled.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pattern.h"
#include "pool.h"
#include "sigbus.h"

static char *map_private(const struct hugepage *hp, int prot)
{
	return mmap(NULL, hp->size, prot, MAP_PRIVATE, hp->fd, 0);
}

FIXTURE(kept)
{
	struct filled f;
	char *mine;		/* private mapping, not touched yet */
	struct pool pool;
	int64_t hits;
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 3));
	ASSERT_EQ(0, hugepage_create(&self->f.hp, SIZE_2M));
	self->mine = map_private(&self->f.hp, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->mine);
	filled_break(_metadata, &self->f);
	ASSERT_EQ(0, pool_read(SIZE_2M, &self->pool));
	self->hits = lab_poison_hits();
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	lab_poison_clear();
}

/* No copy was made or lost, no poison was read, and the file is intact. */
static void expect_not_copied(struct __test_metadata *_metadata,
			      const struct filled *f, const struct pool *before,
			      int64_t hits)
{
	struct pool now;

	EXPECT_EQ(hits, lab_poison_hits());
	ASSERT_EQ(0, pool_read(SIZE_2M, &now));
	EXPECT_EQ(before->free, now.free);
	filled_expect_intact(_metadata, f, f->hp.map);
}

TEST_F(kept, reads_what_is_shared)
{
	filled_expect_intact(_metadata, &self->f, self->mine);
	EXPECT_EQ(-1, filled_check(&self->f, self->mine));
	expect_not_copied(_metadata, &self->f, &self->pool,
			  lab_poison_hits());
}

/* The kernel's own store for the process fails: an error, not a signal. */
TEST_F(kept, read_into_it)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct sigbus seen;

	EXPECT_EQ(-1, read(zero, self->mine + 10 * BASE_PAGE, BASE_PAGE));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_FALSE(sigbus_on_load(self->mine + 10 * BASE_PAGE, &seen));
	EXPECT_EQ(-1, read(zero, self->mine + 10 * BASE_PAGE, BASE_PAGE));
	EXPECT_EQ(EFAULT, errno);
	expect_not_copied(_metadata, &self->f, &self->pool, self->hits);
}

static ssize_t write_mem(const void *addr)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t done = pwrite(fd, "x", 1, (uintptr_t)addr);

	close(fd);
	return done;
}

static ssize_t write_vm(void *addr)
{
	struct iovec to = { addr, 1 }, from = { "x", 1 };

	return process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

/* get_user_pages() for writing, also with a debugger's FOLL_FORCE. */
TEST_F(kept, written_by_debugger)
{
	char *read_only = map_private(&self->f.hp, PROT_READ);

	EXPECT_EQ(-1, write_vm(self->mine + 10 * BASE_PAGE));
	EXPECT_EQ(-1, write_mem(self->mine + 10 * BASE_PAGE));
	EXPECT_EQ(-1, write_mem(read_only + 10 * BASE_PAGE));
	EXPECT_EQ(-1, filled_sample(&self->f, read_only));
	munmap(read_only, SIZE_2M);
	expect_not_copied(_metadata, &self->f, &self->pool, self->hits);
}

/* After fork(), a store is SIGBUS in both processes, and both can read. */
TEST_F(kept, forked)
{
	struct sigbus seen;
	int status = -1;
	pid_t pid;

	EXPECT_EQ(-1, filled_sample(&self->f, self->mine));
	pid = fork();
	if (!pid)
		_exit(sigbus_on_store(self->mine, &seen) &&
		      filled_sample(&self->f, self->mine) < 0 ? 0 : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_TRUE(sigbus_on_store(self->mine, &seen));
	EXPECT_EQ(-1, filled_sample(&self->f, self->mine));
	expect_not_copied(_metadata, &self->f, &self->pool, self->hits);
}

/* The folio was copied while it was healthy. */
FIXTURE(copied)
{
	struct filled f;
	char *mine;
	uint64_t pa;		/* of the copy */
};

FIXTURE_SETUP(copied)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 3));
	ASSERT_EQ(0, hugepage_create(&self->f.hp, SIZE_2M));
	pattern_fill(self->f.hp.map, 0, SIZE_2M);
	self->mine = map_private(&self->f.hp, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, self->mine);
	*(volatile char *)self->mine = self->f.hp.map[0];
	self->pa = pagemap_pfn(self->mine) * BASE_PAGE;
	ASSERT_NE(self->f.hp.pa, self->pa);
}

FIXTURE_TEARDOWN_PARENT(copied)
{
	lab_poison_clear();
}

/* An error in the file's folio affects neither the copy nor its copies. */
TEST_F(copied, file_is_hit)
{
	int status = -1;
	pid_t pid;

	filled_break(_metadata, &self->f);
	EXPECT_EQ(-1, pattern_check(self->mine, 0, SIZE_2M));
	pid = fork();
	if (!pid) {
		self->mine[0]++;
		_exit(pattern_check(self->mine + 8, 8, SIZE_2M - 8) >= 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	filled_expect_intact(_metadata, &self->f, self->f.hp.map);
}

/*
 * An error in the copy costs the whole copy, as without the policy, but nothing
 * of the file.
 */
TEST_F(copied, copy_is_hit)
{
	struct sigbus seen;

	CONTROL_READY();
	CONTROL_SAME();
	sigbus_catch();
	ASSERT_EQ(0, lab_poison_add(self->pa + 10 * BASE_PAGE, 1));
	ASSERT_TRUE(sigbus_on_load(self->mine + 10 * BASE_PAGE, &seen));
	EXPECT_EQ(21, seen.lsb);
	EXPECT_TRUE(sigbus_on_load(self->mine, &seen));
	EXPECT_STREQ("", fdinfo_ranges(self->f.hp.fd));
	EXPECT_EQ(-1, pattern_check(self->f.hp.map, 0, SIZE_2M));
}

TEST_HARNESS_MAIN
