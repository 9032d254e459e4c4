// SPDX-License-Identifier: GPL-2.0-only
/* Contexts and regions: each kind of invalid call returns its own error. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fdinfo.h"
#include "kselftest_harness.h"
#include "region.h"
#include "scene.h"

static const char foreign[4096];

TEST(context_refuses_wrong_options)
{
	struct mfr_context_options o = { .size = sizeof(o) };
	struct mfr_context *c;

	EXPECT_EQ(-EFAULT, mfr_context_create(&o, NULL));
	o = (struct mfr_context_options){ .size = sizeof(o), .events = 3 };
	EXPECT_EQ(-EINVAL, mfr_context_create(&o, &c));
	o = (struct mfr_context_options){ .size = sizeof(o), .mappings = 65537 };
	EXPECT_EQ(-EINVAL, mfr_context_create(&o, &c));
	EXPECT_EQ(-EFAULT, mfr_context_destroy(NULL));
	EXPECT_EQ(-EINVAL, mfr_context_destroy((void *)foreign));
	EXPECT_EQ(-EINVAL, mfr_context_set_log((void *)foreign, NULL, NULL));
	EXPECT_EQ(-EFAULT, mfr_context_set_log(NULL, NULL, NULL));
	ASSERT_EQ(0, mfr_context_create(NULL, &c));
	EXPECT_EQ(0, mfr_context_destroy(c));
}

TEST(context_with_regions_stays)
{
	struct mfr_context *c = scene_context(4);
	struct mfr_region *r = scene_region(c, 4);

	ASSERT_NE(NULL, r);
	EXPECT_EQ(-EBUSY, mfr_context_destroy(c));
	EXPECT_EQ(0, mfr_region_destroy(r));
	EXPECT_EQ(0, mfr_context_destroy(c));
}

/* Allow exactly @count more descriptors. */
static void leave_descriptors(int count)
{
	struct rlimit limit;
	int next;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	next = dup(0);
	close(next);
	limit.rlim_cur = next + count;
	setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(without_descriptors_it_says_so)
{
	struct mfr_context *c = scene_context(4), *other;
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = PAGE, .page_bytes = PAGE,
	};
	struct mfr_region *r = scene_region(c, 1);

	leave_descriptors(0);
	EXPECT_EQ(-EMFILE, mfr_context_create(NULL, &other));
	EXPECT_EQ(-EMFILE, mfr_region_create(c, &o, &r));
	EXPECT_EQ(-EMFILE, mfr_region_import(c, mfr_region_fd(r), NULL, &r));
	leave_descriptors(1);
	EXPECT_EQ(-EMFILE, mfr_region_create(c, &o, &r));
	EXPECT_EQ(-EMFILE, mfr_region_import(c, mfr_region_fd(r), NULL, &r));
	leave_descriptors(2);
	/* It would not know what is lost: fdinfo takes the third */
	EXPECT_EQ(-EMFILE, mfr_region_import(c, mfr_region_fd(r), NULL, &r));
	EXPECT_EQ(0, mfr_region_create(c, &o, &r));
}

static int create(struct mfr_context *c, uint64_t bytes, uint64_t page_bytes,
		  int node, unsigned int flags)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = bytes, .page_bytes = page_bytes,
		.node = node, .flags = flags,
	};
	struct mfr_region *r;

	return mfr_region_create(c, &o, &r);
}

TEST(region_refuses_wrong_options)
{
	struct mfr_context *c = scene_context(4);
	struct mfr_region_options o = { .size = sizeof(o) };
	struct mfr_region *r;

	EXPECT_EQ(-EFAULT, mfr_region_create(NULL, &o, &r));
	EXPECT_EQ(-EINVAL, mfr_region_create((void *)foreign, &o, &r));
	EXPECT_EQ(-EFAULT, mfr_region_create(c, NULL, &r));
	EXPECT_EQ(-EFAULT, mfr_region_create(c, &o, NULL));
	EXPECT_EQ(-EINVAL, create(c, 0, PAGE, 0, 0));
	EXPECT_EQ(-EINVAL, create(c, PAGE + 1, PAGE, 0, 0));
	EXPECT_EQ(-EINVAL, create(c, PAGE, PAGE, -1, MFR_REGION_BIND));
	EXPECT_EQ(-EINVAL, create(c, PAGE, PAGE, 1, 0));
	EXPECT_EQ(-EINVAL, create(c, PAGE, PAGE, 1023, MFR_REGION_BIND));
	EXPECT_EQ(-EINVAL, create(c, PAGE, PAGE, 1024, MFR_REGION_BIND));
	EXPECT_EQ(-EINVAL, create(c, PAGE, PAGE, 0, 128));
	EXPECT_EQ(-ENODEV, create(c, 8 * PAGE, 8 * PAGE, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP, create(c, PAGE, PAGE, 0, MFR_REGION_NEED_KEEP));
	EXPECT_EQ(0, create(c, PAGE, PAGE, 0, MFR_REGION_PREALLOC));
	EXPECT_EQ(0, create(c, PAGE, 0, 0, MFR_REGION_BIND));
	EXPECT_EQ(-ENOSPC, create(c, PAGE, PAGE, 0, 0));
	EXPECT_EQ(-EINVAL, mfr_probe(PAGE));
	EXPECT_EQ(-EINVAL, mfr_probe(3 << 20));
	EXPECT_EQ(-ENODEV, mfr_probe(8 * PAGE));
}

static int import_new(struct mfr_context *c, size_t bytes, unsigned int seals,
		      unsigned int flags, struct mfr_region **r)
{
	const struct mfr_import_options o = {
		.size = sizeof(o), .max_bytes = 2 * PAGE, .flags = flags,
		.value = r,
	};
	int err, fd = memfd_create("test", MFD_ALLOW_SEALING);

	if (ftruncate(fd, bytes) || fcntl(fd, F_ADD_SEALS, seals))
		return -ENOANO;
	err = mfr_region_import(c, fd, &o, r);
	close(fd);
	return err;
}

TEST(import_refuses_what_can_harm)
{
	struct mfr_context *c = scene_context(4);
	struct mfr_region *r;

	EXPECT_EQ(-EFAULT, mfr_region_import(c, 0, NULL, NULL));
	EXPECT_EQ(-EINVAL, import_new(c, PAGE, F_SEAL_SHRINK, 2, &r));
	EXPECT_EQ(-EFBIG, import_new(c, 3 * PAGE, F_SEAL_SHRINK, 0, &r));
	EXPECT_EQ(-EBADF, mfr_region_import(c, -1, NULL, &r));
	EXPECT_EQ(-EMEDIUMTYPE,
		  mfr_region_import(c, open("/proc/self/exe", O_RDONLY), NULL, &r));
	EXPECT_EQ(-EMEDIUMTYPE, mfr_region_import(c, mfr_event_fd(c), NULL, &r));
	EXPECT_EQ(-EPERM, import_new(c, PAGE, 0, 0, &r));
	EXPECT_EQ(-ENODATA, import_new(c, 0, F_SEAL_SHRINK, 0, &r));
	EXPECT_EQ(-EPERM, import_new(c, PAGE, F_SEAL_SHRINK | F_SEAL_WRITE, 0, &r));
	EXPECT_EQ(-EFAULT, mfr_region_import(NULL, 0, NULL, &r));
	EXPECT_EQ(-EINVAL, mfr_region_import((void *)foreign, 0, NULL, &r));
	EXPECT_EQ(0, import_new(c, PAGE, 0, MFR_IMPORT_UNSEALED, &r));
	EXPECT_EQ(0, import_new(c, 2 * PAGE, F_SEAL_SHRINK, 0, &r));
	EXPECT_EQ(2 * PAGE, mfr_region_bytes(r));
	EXPECT_EQ(PAGE, mfr_region_page_bytes(r));
	EXPECT_EQ(&r, mfr_region_value(r));
	EXPECT_EQ(0, mfr_region_is_kept(r));
	EXPECT_EQ(-ENOSPC, import_new(c, PAGE, F_SEAL_SHRINK, 0, &r));
}

/* Others have the descriptor, and a successor must be able to write. */
TEST(nobody_can_seal_a_region_against_writing)
{
	struct mfr_context *c = scene_context(4);
	struct mfr_region *r = scene_region(c, 1), *again;
	const int writes = F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

	EXPECT_EQ(-1, fcntl(mfr_region_fd(r), F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(0, fcntl(mfr_region_fd(r), F_GET_SEALS) & writes);
	EXPECT_EQ(-1, ftruncate(mfr_region_fd(r), 0));
	EXPECT_EQ(0, mfr_region_import(c, mfr_region_fd(r), NULL, &again));
}

TEST(import_wants_to_write)
{
	struct mfr_context *c = scene_context(4);
	struct mfr_region *r = scene_region(c, 1);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", mfr_region_fd(r));
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, mfr_region_import(c, fd, NULL, &r));
}

TEST(the_library_knows_its_version_and_the_page)
{
	EXPECT_STREQ(VERSION, mfr_version());
	EXPECT_EQ(sysconf(_SC_PAGESIZE), mfr_page_bytes());
}

TEST(getters_of_no_region_say_so)
{
	const struct mfr_region *none[] = { NULL, (void *)foreign };
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(NULL, mfr_region_address(none[i]));
		EXPECT_EQ(0, mfr_region_bytes(none[i]));
		EXPECT_EQ(0, mfr_region_page_bytes(none[i]));
		EXPECT_EQ(-1, mfr_region_fd(none[i]));
		EXPECT_EQ(-1, mfr_region_ledger_fd(none[i]));
		EXPECT_EQ(0, mfr_region_is_kept(none[i]));
		EXPECT_EQ(NULL, mfr_region_ledger(none[i]));
		EXPECT_EQ(NULL, mfr_region_value(none[i]));
	}
	EXPECT_EQ(-EFAULT, mfr_region_destroy(NULL));
	EXPECT_EQ(-EINVAL, mfr_region_destroy((void *)foreign));
	EXPECT_EQ(-EFAULT, mfr_region_mark(NULL, 0, 1));
}

/* Pointers to other objects are recognised where possible. */
TEST(what_is_no_region_is_refused)
{
	struct mfr_region *foreigner = (void *)foreign, *r;
	struct mfr_context *c = scene_context(4);
	uint64_t word;
	char byte;

	r = scene_region(c, 1);
	EXPECT_EQ(-EINVAL, mfr_region_mark(foreigner, 0, 1));
	EXPECT_EQ(-EINVAL, mfr_region_replace(foreigner, 0));
	EXPECT_EQ(-EINVAL, mfr_region_merge(foreigner, &byte, 1));
	EXPECT_EQ(-EINVAL, mfr_region_send(foreigner, 0));
	EXPECT_EQ(-EINVAL, mfr_region_receive((void *)foreign, 0, NULL, &r));
	EXPECT_EQ(-EINVAL, mfr_read(foreigner, 0, &byte, 1));
	EXPECT_EQ(-EINVAL, mfr_write(foreigner, 0, &byte, 1));
	EXPECT_EQ(-EINVAL, mfr_search(foreigner, 0, 1));
	EXPECT_EQ(-EINVAL, mfr_load64(foreigner, 0, &word));
	EXPECT_EQ(-EINVAL, mfr_region_add_mapping(foreigner, &byte, 0, 1));
	EXPECT_EQ(-EINVAL, mfr_region_remove_mapping(foreigner, &byte));
	EXPECT_EQ(-EINVAL, mfr_region_sync(foreigner));
	EXPECT_EQ(-EINVAL, mfr_copy(foreigner, 0, r, 0, 1));
	EXPECT_EQ(-EINVAL, mfr_copy(r, 0, foreigner, 0, 1));
	EXPECT_EQ(-EFAULT, mfr_region_replace(NULL, 0));
	EXPECT_EQ(-EFAULT, mfr_write(NULL, 0, &byte, 1));
	EXPECT_EQ(-EFAULT, mfr_search(NULL, 0, 1));
	EXPECT_EQ(-EFAULT, mfr_load64(NULL, 0, &word));
	EXPECT_EQ(-EFAULT, mfr_load64(r, 0, NULL));
	EXPECT_EQ(-EFAULT, mfr_region_add_mapping(NULL, &byte, 0, 1));
	EXPECT_EQ(-EFAULT, mfr_region_remove_mapping(NULL, &byte));
	EXPECT_EQ(-EFAULT, mfr_region_sync(NULL));
	EXPECT_EQ(-EFAULT, mfr_copy(NULL, 0, r, 0, 1));
	EXPECT_EQ(-EFAULT, mfr_copy(r, 0, NULL, 0, 1));
	EXPECT_EQ(-EFAULT, mfr_region_receive(NULL, 0, NULL, &r));
}

/* In each of these calls the kernel returns an error, or may. */
TEST(errno_is_left_alone)
{
	struct mfr_context *c = scene_context(4), *other;
	struct mfr_event e = { .size = sizeof(e) };
	struct mfr_region *r = scene_region(c, 4);
	struct mfr_ledger *l;

	errno = 77;
	EXPECT_EQ(-ENODEV, mfr_probe(8 * PAGE));
	EXPECT_EQ(-ENODEV, create(c, 8 * PAGE, 8 * PAGE, 0, 0));
	EXPECT_EQ(-EINVAL, create(c, PAGE, PAGE, 1023, MFR_REGION_BIND));
	EXPECT_EQ(-EBADF, mfr_region_import(c, -1, NULL, &r));
	EXPECT_EQ(-EMEDIUMTYPE, mfr_region_import(c, mfr_event_fd(c), NULL, &r));
	EXPECT_EQ(-EBADF, mfr_ledger_open(-1, &l));
	EXPECT_EQ(-EBADMSG, mfr_ledger_open(mfr_event_fd(c), &l));
	EXPECT_EQ(-EBADF, mfr_region_send(r, -1));
	EXPECT_EQ(-EBADF, mfr_region_receive(c, -1, NULL, &r));
	EXPECT_EQ(-ENODATA, mfr_region_replace(r, 0));
	EXPECT_EQ(0, mfr_event_next(c, &e));
	EXPECT_EQ(-ENOENT, mfr_sigbus_uninstall(c));
	EXPECT_EQ(-EBUSY, mfr_context_destroy(c));
	EXPECT_EQ(77, errno);
	leave_descriptors(0);
	errno = 77;
	EXPECT_EQ(-EMFILE, mfr_context_create(NULL, &other));
	EXPECT_EQ(-EMFILE, mfr_region_import(c, mfr_region_fd(r), NULL, &r));
	EXPECT_EQ(77, errno);
}

TEST(access_stops_at_the_ledger)
{
	struct mfr_region *r = scene_region(scene_context(4), 4);
	char buffer[3 * PAGE], *map = mfr_region_address(r);
	uint64_t word;

	memset(map, 'm', 4 * PAGE);
	EXPECT_EQ(1, mfr_region_mark(r, 2 * PAGE, PAGE));
	EXPECT_EQ(0, mfr_region_mark(r, 2 * PAGE, PAGE));
	EXPECT_EQ(PAGE - 5, mfr_read(r, PAGE + 5, buffer, 2 * PAGE));
	EXPECT_EQ(-EHWPOISON, mfr_read(r, 2 * PAGE + 9, buffer, 1));
	EXPECT_EQ(PAGE, mfr_read(r, 3 * PAGE, buffer, PAGE));
	EXPECT_EQ(0, memcmp(buffer, map, PAGE));
	EXPECT_EQ(-EHWPOISON, mfr_write(r, 2 * PAGE, "x", 1));
	EXPECT_EQ('m', map[2 * PAGE]);
	EXPECT_EQ(1, mfr_write(r, 0, "x", 1));
	EXPECT_EQ('x', map[0]);
	EXPECT_EQ(PAGE, mfr_copy(r, PAGE, r, 3 * PAGE, PAGE));
	EXPECT_EQ(-EHWPOISON, mfr_copy(r, 2 * PAGE, r, 0, PAGE));
	EXPECT_EQ(-EHWPOISON, mfr_copy(r, 0, r, 2 * PAGE, PAGE));
	EXPECT_EQ(0, mfr_search(r, 0, 4 * PAGE));
	EXPECT_EQ(0, mfr_load64(r, 8, &word));
	EXPECT_EQ(0x6d6d6d6d6d6d6d6d, word);
	EXPECT_EQ(-EHWPOISON, mfr_load64(r, 3 * PAGE - 8, &word));
	EXPECT_EQ(-EINVAL, mfr_load64(r, 9, &word));
}

TEST(access_refuses_what_is_outside)
{
	struct mfr_region *r = scene_region(scene_context(4), 4);
	uint64_t word;
	char byte;

	EXPECT_EQ(-ERANGE, mfr_read(r, 4 * PAGE, &byte, 1));
	EXPECT_EQ(-ERANGE, mfr_read(r, 4 * PAGE + 1, &byte, 0));
	EXPECT_EQ(-ERANGE, mfr_write(r, UINT64_MAX, &byte, 2));
	EXPECT_EQ(-ERANGE, mfr_read(r, 0, &byte, SIZE_MAX));
	EXPECT_EQ(-ERANGE, mfr_write(r, 4 * PAGE, &byte, 1));
	EXPECT_EQ(-ERANGE, mfr_copy(r, 0, r, 3 * PAGE, PAGE + 1));
	EXPECT_EQ(-ERANGE, mfr_copy(r, 4 * PAGE, r, 0, 1));
	EXPECT_EQ(-EINVAL, mfr_copy(r, 0, r, 1, 2));
	EXPECT_EQ(-EFAULT, mfr_read(r, 0, NULL, 1));
	EXPECT_EQ(-EFAULT, mfr_write(r, 0, NULL, 1));
	EXPECT_EQ(-EFAULT, mfr_read(NULL, 0, &byte, 1));
	EXPECT_EQ(0, mfr_read(r, 4 * PAGE, &byte, 0));
	EXPECT_EQ(-ERANGE, mfr_search(r, 0, 0));
	EXPECT_EQ(-ERANGE, mfr_search(r, 0, 4 * PAGE + 1));
	EXPECT_EQ(-ERANGE, mfr_region_mark(r, 4 * PAGE, 1));
	EXPECT_EQ(-ERANGE, mfr_load64(r, 4 * PAGE - 4, &word));
}

TEST(replace_gives_a_new_page)
{
	struct mfr_region *r = scene_region(scene_context(4), 4);
	char *map = mfr_region_address(r);

	memset(map, 'm', 4 * PAGE);
	EXPECT_EQ(-ENODATA, mfr_region_replace(r, PAGE));
	EXPECT_EQ('m', map[PAGE]);
	mfr_region_mark(r, PAGE, 1);
	EXPECT_EQ(0, mfr_region_replace(r, PAGE + 77));
	EXPECT_EQ(0, map[PAGE]);
	EXPECT_EQ('m', map[2 * PAGE]);
	EXPECT_EQ(1, mfr_ledger_is_clean(mfr_region_ledger(r), 0, 4 * PAGE));
	EXPECT_EQ(-ERANGE, mfr_region_replace(r, 4 * PAGE));
}

/* Two pages of eight base pages, by hand; the error is in the second one. */
TEST(replace_gives_all_of_a_huge_page)
{
	struct mfr_region *r = scene_region(scene_context(4), 16);
	char *map = mfr_region_address(r);

	memset(map, 'm', 16 * PAGE);
	r->page_bytes = 8 * PAGE;
	mfr_region_mark(r, 7 * PAGE, PAGE);
	mfr_region_mark(r, 10 * PAGE, PAGE);
	mfr_region_mark(r, 15 * PAGE, PAGE);
	EXPECT_EQ(0, mfr_region_replace(r, 11 * PAGE + 77));
	EXPECT_EQ('m', map[8 * PAGE - 1]);
	EXPECT_EQ(0, map[8 * PAGE]);
	EXPECT_EQ(0, map[16 * PAGE - 1]);
	EXPECT_EQ(0, mfr_ledger_is_clean(mfr_region_ledger(r), 7 * PAGE, PAGE));
	EXPECT_EQ(1, mfr_ledger_is_clean(mfr_region_ledger(r), 8 * PAGE, 8 * PAGE));
}

/* A file may end within its last page. */
TEST(replace_ends_with_the_region)
{
	struct mfr_region *r = scene_region(scene_context(4), 12);

	r->page_bytes = 8 * PAGE;
	mfr_region_mark(r, 11 * PAGE, PAGE);
	EXPECT_EQ(0, mfr_region_replace(r, 8 * PAGE));
	EXPECT_EQ(0, mfr_ledger_lost_bytes(mfr_region_ledger(r)));
	EXPECT_EQ(-ENODATA, mfr_region_replace(r, 8 * PAGE));
}

/* Its memory may come from any: what is replaced is not bound either. */
TEST(an_imported_region_is_on_no_node)
{
	struct mfr_region *r;

	ASSERT_EQ(0, import_new(scene_context(4), PAGE, F_SEAL_SHRINK, 0, &r));
	EXPECT_EQ(-1, r->node);
}

TEST(fdinfo_is_read_to_the_letter)
{
	static const char *const wrong[] = {
		"mf_ue: ", "mf_ue: 5000+1000", "mf_ue: 0x+0x1000",
		"mf_ue: 0x5000", "mf_ue: 0x5000+0x0", "mf_ue: -0x5+0x1",
		"mf_ue: 0x1+0x1 ", "mf_ue: 0x11111111111111111+0x1",
		"mf_ue: 0xffffffffffffffff+0x1", "mf_ue: 0x5000-0x1000",
	};
	struct mfr_range r;
	size_t i;

	EXPECT_EQ(MFR_FDINFO_RANGE, mfr_fdinfo_line("mf_ue: 0x5000+0x1000\n", &r));
	EXPECT_EQ(0x5000, r.offset);
	EXPECT_EQ(0x1000, r.length);
	EXPECT_EQ(MFR_FDINFO_POLICY, mfr_fdinfo_line("mf_keep_ue_mapped: 1\n", &r));
	EXPECT_EQ(MFR_FDINFO_POLICY, mfr_fdinfo_line("mf_keep_ue_mapped:\t1", &r));
	EXPECT_EQ(MFR_FDINFO_OTHER, mfr_fdinfo_line("mf_keep_ue_mapped: 0\n", &r));
	EXPECT_EQ(MFR_FDINFO_OTHER, mfr_fdinfo_line("pos:\t0\n", &r));
	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		EXPECT_EQ(-EBADMSG, mfr_fdinfo_line(wrong[i], &r));
}

TEST(a_file_that_is_not_there_has_no_policy)
{
	struct mfr_region *r = scene_region(scene_context(4), 1);

	EXPECT_EQ(-ENOENT, mfr_fdinfo_has_policy(-1));
	EXPECT_EQ(0, mfr_fdinfo_has_policy(mfr_region_fd(r)));
}

TEST_HARNESS_MAIN
