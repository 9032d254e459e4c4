// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep by a mount option of hugetlbfs: for files whose creator has no flag to
 * pass.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <kselftest_harness.h>

#include "control.h"
#include "fdinfo.h"
#include "hugepage.h"
#include "kmsg.h"
#include "pageflags.h"
#include "pool.h"
#include "raise.h"
#include "sigbus.h"

#define OPTION	"mf_keep_ue_mapped"

/* In a control without the option; 0 or -errno. */
static int mount_at(const char *dir, const char *options)
{
	char all[128];

	snprintf(all, sizeof(all), "pagesize=2M%s%s",
		 policy_omitted() ? "" : "," OPTION, options);
	return mount("none", dir, "hugetlbfs", 0, all) ? -errno : 0;
}

static int create_at(const char *dir, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_RDWR | O_CLOEXEC | flags, 0600);
}

static void remove_at(const char *dir, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	unlink(path);
}

static int map_one_page(struct hugepage *hp, const char *dir)
{
	hp->size = SIZE_2M;
	hp->fd = create_at(dir, "page", O_CREAT | O_EXCL);
	if (hp->fd < 0 || ftruncate(hp->fd, hp->size))
		return -errno;
	hp->map = mmap(NULL, hp->size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       hp->fd, 0);
	if (hp->map == MAP_FAILED)
		return -errno;
	memset(hp->map, 0x5a, hp->size);
	hp->pa = pagemap_pfn(hp->map) * BASE_PAGE;
	return 0;
}

/* The options that /proc/mounts has for @dir. */
static bool shown(const char *dir, const char *option)
{
	FILE *f = fopen("/proc/self/mounts", "r");
	char line[512], *at;
	bool found = false;

	while (f && fgets(line, sizeof(line), f)) {
		at = strstr(line, dir);
		found |= at && strstr(at, option);
	}
	if (f)
		fclose(f);
	return found;
}

FIXTURE(mounts)
{
	char dir[32];
};

FIXTURE_SETUP(mounts)
{
	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(SIZE_2M, 3));
	strcpy(self->dir, "/tmp/mounts.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	ASSERT_EQ(0, mount_at(self->dir, ""));
	CONTROL_READY();
}

FIXTURE_TEARDOWN(mounts)
{
	umount2(self->dir, MNT_DETACH);
	rmdir(self->dir);
}

TEST_F(mounts, shown_by_proc_mounts)
{
	EXPECT_TRUE(shown(self->dir, OPTION));
}

static void expect_policy(struct __test_metadata *_metadata, int fd)
{
	ASSERT_LE(0, fd);
	EXPECT_TRUE(fdinfo_policy(fd));
	EXPECT_STREQ("", fdinfo_ranges(fd));
	close(fd);
}

/* However a file comes into being there, and whoever opens it again. */
TEST_F(mounts, give_the_policy_to_each_file)
{
	char path[64];

	expect_policy(_metadata, create_at(self->dir, "a", O_CREAT | O_EXCL));
	expect_policy(_metadata, create_at(self->dir, "a", 0));
	expect_policy(_metadata, create_at(self->dir, ".", O_TMPFILE));
	snprintf(path, sizeof(path), "%s/b", self->dir);
	ASSERT_EQ(0, mknod(path, S_IFREG | 0600, 0));
	expect_policy(_metadata, create_at(self->dir, "b", 0));
	snprintf(path, sizeof(path), "%s/dir", self->dir);
	ASSERT_EQ(0, mkdir(path, 0700));
	expect_policy(_metadata, create_at(path, "c", O_CREAT | O_EXCL));
}

TEST_F(mounts, an_error_costs_a_base_page)
{
	struct hugepage hp;
	struct sigbus seen;
	size_t i;

	ASSERT_EQ(0, map_one_page(&hp, self->dir));
	ASSERT_EQ(0, error_raise(&hp, 3 * BASE_PAGE, ERROR_CONSUME, &seen));
	EXPECT_EQ(BUS_MCEERR_AR, seen.code);
	EXPECT_EQ(12, seen.lsb);
	EXPECT_EQ((uintptr_t)hp.map + 3 * BASE_PAGE,
		  seen.addr & ~(BASE_PAGE - 1));
	EXPECT_STREQ("0x3000+0x1000", fdinfo_ranges(hp.fd));
	for (i = 0; i < SIZE_2M; i += BASE_PAGE) {
		if (i == 3 * BASE_PAGE)
			continue;
		ASSERT_FALSE(sigbus_on_load(hp.map + i, &seen));
		ASSERT_EQ(0x5a, hp.map[i]);
	}
	hugepage_close(&hp);
}

/* Nor by a remount; nor memory files, whose mount is the kernel's own. */
TEST(others_have_it_not)
{
	char dir[] = "/tmp/mounts.XXXXXX";
	int fd;

	CONTROL_SAME();
	ASSERT_NE(NULL, mkdtemp(dir));
	ASSERT_EQ(0, mount("none", dir, "hugetlbfs", 0, "pagesize=2M"));
	if (!policy_omitted())
		mount("none", dir, NULL, MS_REMOUNT, OPTION);
	EXPECT_FALSE(shown(dir, OPTION));
	fd = create_at(dir, "a", O_CREAT | O_EXCL);
	ASSERT_LE(0, fd);
	EXPECT_FALSE(fdinfo_any(fd));
	close(fd);
	fd = memfd_create("plain", MFD_HUGETLB);
	ASSERT_LE(0, fd);
	EXPECT_FALSE(fdinfo_any(fd));
	close(fd);
	EXPECT_EQ(0, umount(dir));
	rmdir(dir);
}

TEST(takes_no_value)
{
	char dir[] = "/tmp/mounts.XXXXXX";

	CONTROL_SAME();
	ASSERT_NE(NULL, mkdtemp(dir));
	EXPECT_EQ(-1, mount("none", dir, "hugetlbfs", 0, OPTION "=1"));
	EXPECT_EQ(EINVAL, errno);
	rmdir(dir);
}

static long free_blocks(const char *dir)
{
	struct statfs fs;

	return statfs(dir, &fs) ? -errno : (long)fs.f_bfree;
}

/*
 * The mount counts the lost page as given back, the pool has one less, and what
 * was reserved for the mount ends with it.
 */
TEST_F(mounts, a_limited_one_gets_its_page_back)
{
	struct pool before, after;
	struct hugepage hp;
	struct sigbus seen;

	ASSERT_EQ(0, umount(self->dir));
	ASSERT_EQ(0, pool_read(SIZE_2M, &before));
	ASSERT_EQ(0, mount_at(self->dir, ",size=4M,min_size=2M"));
	ASSERT_EQ(2, free_blocks(self->dir));
	ASSERT_EQ(0, map_one_page(&hp, self->dir));
	EXPECT_EQ(1, free_blocks(self->dir));
	ASSERT_EQ(0, error_raise(&hp, BASE_PAGE, ERROR_CONSUME, &seen));
	hugepage_close(&hp);
	EXPECT_EQ(1, free_blocks(self->dir));
	remove_at(self->dir, "page");
	EXPECT_TRUE(pool_wait_nr(SIZE_2M, before.nr - 1, &after));
	EXPECT_EQ(2, free_blocks(self->dir));
	EXPECT_EQ(before.resv + 1, after.resv);
	EXPECT_EQ(0, umount(self->dir));
	ASSERT_EQ(0, pool_read(SIZE_2M, &after));
	EXPECT_EQ(before.resv, after.resv);
	EXPECT_EQ(before.free - 1, after.free);
	EXPECT_EQ(before.surplus, after.surplus);
}

TEST_HARNESS_MAIN
