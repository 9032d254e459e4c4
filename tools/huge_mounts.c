// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libmount.h>
#include <linux/memfd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "huge_mounts.h"
#include "root.h"

#define HUGE_SHIFT_MIN	16	/* of 64 KiB on arm64 */
#define HUGE_SHIFT_MAX	34	/* of 16 GiB on powerpc */

static int add(struct huge_mounts *mounts, struct libmnt_fs *fs)
{
	struct huge_mount *more = reallocarray(mounts->mount, mounts->n + 1,
					       sizeof(*more));

	if (!more)
		return -ENOMEM;
	mounts->mount = more;
	more += mounts->n;
	*more = (struct huge_mount){
		.dir = strdup(mnt_fs_get_target(fs)),
		.device = mnt_fs_get_devno(fs),
		.kept = !mnt_fs_get_option(fs, "mf_keep_ue_mapped", NULL, NULL),
	};
	if (!more->dir)
		return -ENOMEM;
	mounts->n++;
	return 0;
}

static int add_all(struct huge_mounts *mounts, struct libmnt_table *table)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *fs;
	int err = iter ? 0 : -ENOMEM;

	while (!err && !mnt_table_next_fs(table, iter, &fs))
		if (mnt_fs_match_fstype(fs, "hugetlbfs") && mnt_fs_get_target(fs))
			err = add(mounts, fs);
	mnt_free_iter(iter);
	return err;
}

/* The kernel's own mounts, which no list has: one for each size of huge pages. */
static _Atomic dev_t memfd_devices[HUGE_SHIFT_MAX + 1];

/* Returns 0 also if there are no huge pages of that size, or none at all. */
static int find_memfd_device(unsigned int shift)
{
	int fd = memfd_create("mfr", MFD_CLOEXEC | MFD_HUGETLB |
			      shift << MFD_HUGE_SHIFT);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return errno == ENODEV || errno == EINVAL || errno == ENOSYS ?
		       0 : -errno;
	if (fstat(fd, &st))
		err = -errno;
	else
		memfd_devices[shift] = st.st_dev;
	close(fd);
	return err;
}

static int find_memfd_devices(void)
{
	static _Atomic bool found;
	unsigned int shift;
	int err = 0;

	if (found || root_is_copy())
		return 0;
	for (shift = HUGE_SHIFT_MIN; shift <= HUGE_SHIFT_MAX && !err; shift++)
		err = find_memfd_device(shift);
	found = !err;
	return err;
}

int huge_mounts_read(struct huge_mounts *mounts, unsigned int pid)
{
	const char *path = root_path("/proc/%u/mountinfo", pid);
	struct libmnt_table *table = mnt_new_table_from_file(path);
	int err = find_memfd_devices();

	*mounts = (struct huge_mounts){ 0 };
	if (table && !err)
		err = add_all(mounts, table);
	mnt_unref_table(table);
	if (err)
		huge_mounts_free(mounts);
	return err;
}

void huge_mounts_free(struct huge_mounts *mounts)
{
	size_t i;

	for (i = 0; i < mounts->n; i++)
		free(mounts->mount[i].dir);
	free(mounts->mount);
	*mounts = (struct huge_mounts){ 0 };
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && path[len] == '/';
}

/* Another mount may be below: the longest directory is the file's. */
const struct huge_mount *huge_mounts_find(const struct huge_mounts *mounts,
					  const char *path)
{
	const struct huge_mount *found = NULL;
	size_t i;

	for (i = 0; i < mounts->n; i++)
		if (is_below(path, mounts->mount[i].dir) &&
		    (!found || strlen(mounts->mount[i].dir) >
		     strlen(found->dir)))
			found = &mounts->mount[i];
	return found;
}

bool huge_mounts_have(const struct huge_mounts *mounts, dev_t device)
{
	size_t i;

	for (i = HUGE_SHIFT_MIN; i <= HUGE_SHIFT_MAX; i++)
		if (memfd_devices[i] && memfd_devices[i] == device)
			return true;
	for (i = 0; i < mounts->n; i++)
		if (mounts->mount[i].device == device)
			return true;
	return false;
}
