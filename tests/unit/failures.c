// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each call that the library makes of the kernel or the heap fails once.  Then the
 * caller gets an error, and all is released: descriptors, mappings and memory.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "region.h"
#include "scene.h"
#include "sigbus.h"

/* ld --wrap sends the library's calls here. */
static int calls_left;		/* until one fails; 0: none does */
static const char *failed;	/* the call that did */
static int failure;		/* its errno */
static int live;		/* allocations that are not freed */

static bool fails(const char *name, int error)
{
	if (!calls_left || --calls_left)
		return false;
	failed = name;
	failure = error;
	errno = error;
	return true;
}

#define WRAP(type, name, error, result, parameters, arguments)		\
	type __wrap_##name parameters					\
	{								\
		type __real_##name parameters;				\
									\
		return fails(#name, error) ? (result) : __real_##name arguments; \
	}
WRAP(void *, mmap, ENOMEM, MAP_FAILED,
	(void *at, size_t bytes, int prot, int flags, int fd, off_t offset),
	(at, bytes, prot, flags, fd, offset))
WRAP(int, memfd_create, EMFILE, -1, (const char *name, unsigned int flags), (name, flags))
WRAP(int, eventfd, EMFILE, -1, (unsigned int count, int flags), (count, flags))
WRAP(int, madvise, EIO, -1, (void *at, size_t bytes, int advice), (at, bytes, advice))
WRAP(int, ftruncate, EIO, -1, (int fd, off_t bytes), (fd, bytes))
WRAP(int, fallocate, ENOSPC, -1, (int fd, int mode, off_t at, off_t bytes),
	(fd, mode, at, bytes))
WRAP(int, fstat, EIO, -1, (int fd, struct stat *st), (fd, st))
WRAP(int, fstatfs, EIO, -1, (int fd, struct statfs *fs), (fd, fs))
WRAP(ssize_t, pread, EIO, -1, (int fd, void *to, size_t bytes, off_t at),
	(fd, to, bytes, at))
WRAP(FILE *, fopen, EMFILE, NULL, (const char *path, const char *mode), (path, mode))
WRAP(int, sigaction, EINVAL, -1,
	(int sig, const struct sigaction *new, struct sigaction *old), (sig, new, old))
WRAP(int, prctl, EINVAL, -1,
	(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d),
	(option, a, b, c, d))
/* This is what getline() becomes */
WRAP(ssize_t, __getdelim, EIO, -1, (char **line, size_t *size, int end, FILE *file),
	(line, size, end, file))

FILE *__real_fopen(const char *path, const char *mode);
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes);
void __real_free(void *p);
void __wrap_free(void *p);

int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	long argument;

	va_start(arguments, command);
	argument = va_arg(arguments, long);
	va_end(arguments);
	return fails("fcntl", EMFILE) ? -1 : __real_fcntl(fd, command, argument);
}

/* Those of getline() are not the library's, though it frees them. */
static void *allocations[64];

static void *allocated(void *p)
{
	int i;

	for (i = 0; p && i < 64; i++)
		if (!allocations[i]) {
			allocations[i] = p;
			live++;
			break;
		}
	return p;
}

void *__wrap_malloc(size_t bytes)
{
	return fails("malloc", ENOMEM) ? NULL : allocated(__real_malloc(bytes));
}

void *__wrap_calloc(size_t n, size_t bytes)
{
	return fails("calloc", ENOMEM) ? NULL : allocated(__real_calloc(n, bytes));
}

void __wrap_free(void *p)
{
	int i;

	for (i = 0; p && i < 64; i++)
		if (allocations[i] == p) {
			allocations[i] = NULL;
			live--;
			break;
		}
	__real_free(p);
}

/* Memory and descriptors in use. */
struct uses {
	int live, fds, maps;
};

static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

/* Mappings of files alone: what malloc() and sanitizers map comes and goes. */
static int count_maps(void)
{
	FILE *file = __real_fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (file && fgets(line, sizeof(line), file))
		n += !!strstr(line, "/memfd:");
	if (file)
		fclose(file);
	return n;
}

static struct uses count_uses(void)
{
	return (struct uses){ live, count_fds(), count_maps() };
}

static bool same(struct uses a, struct uses b)
{
	return a.live == b.live && a.fds == b.fds && a.maps == b.maps;
}

FIXTURE(failures)
{
	struct mfr_context *context;
	struct mfr_region *region;
	int pair[2];
};

FIXTURE_SETUP(failures)
{
	self->context = scene_context(4);
	self->region = scene_region(self->context, 16);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->pair));
	mfr_region_mark(self->region, 3 * PAGE, PAGE);
}

FIXTURE_TEARDOWN(failures)
{
	calls_left = 0;
	mfr_region_destroy(self->region);
	mfr_context_destroy(self->context);
	close(self->pair[0]);
	close(self->pair[1]);
}

/* What is tried; on success it undoes what it did. */
typedef int scene_fn(FIXTURE_DATA(failures) *self);

static int make_context(FIXTURE_DATA(failures) *self)
{
	struct mfr_context *context;
	int err = mfr_context_create(NULL, &context);

	(void)self;
	return err ? err : mfr_context_destroy(context);
}

static int make_region(FIXTURE_DATA(failures) *self)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = 4 * PAGE, .flags = MFR_REGION_PREALLOC,
	};
	struct mfr_region *r;
	int err = mfr_region_create(self->context, &o, &r);

	return err ? err : mfr_region_destroy(r);
}

static int make_bound_region(FIXTURE_DATA(failures) *self)
{
	struct mfr_region_options o = {
		.size = sizeof(o), .bytes = 4 * PAGE,
		.flags = MFR_REGION_PREALLOC | MFR_REGION_BIND,
	};
	struct mfr_region *r;
	int err = mfr_region_create(self->context, &o, &r);

	return err ? err : mfr_region_destroy(r);
}

static int import(FIXTURE_DATA(failures) *self)
{
	struct mfr_region *r;
	int err = mfr_region_import(self->context, mfr_region_fd(self->region), NULL, &r);

	return err ? err : mfr_region_destroy(r);
}

static int open_ledger(FIXTURE_DATA(failures) *self)
{
	struct mfr_ledger *l;
	int err = mfr_ledger_open(mfr_region_ledger_fd(self->region), &l);

	return err ? err : mfr_ledger_close(l);
}

/* Each time through a socket of its own, as one that failed has bytes left. */
static int hand_over(FIXTURE_DATA(failures) *self)
{
	struct mfr_region *r = NULL;
	int err, pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	err = mfr_region_send(self->region, pair[0]);
	if (!err)
		err = mfr_region_receive(self->context, pair[1], NULL, &r);
	close(pair[0]);
	close(pair[1]);
	return r ? mfr_region_destroy(r) : err;
}

/* The page stays lost, or is replaced. */
static int replace(FIXTURE_DATA(failures) *self)
{
	int err;

	mfr_region_mark(self->region, 3 * PAGE, PAGE);
	err = mfr_region_replace(self->region, 3 * PAGE);
	if (err && mfr_ledger_is_clean(mfr_region_ledger(self->region), 3 * PAGE, PAGE))
		return 1;
	return err;
}

static int sync_ledger(FIXTURE_DATA(failures) *self)
{
	return mfr_region_sync(self->region);
}

static int install(FIXTURE_DATA(failures) *self)
{
	int err = mfr_sigbus_install(self->context, MFR_INSTALL_EARLY_KILL);

	if (!err)
		return mfr_sigbus_uninstall(self->context);
	return mfr_sigbus_is_installed(self->context) ? 1 : err;
}

/* Try again and again, with one more call that succeeds, until none is left. */
#define EXPECT_ALL_FAILURES_RETURNED(scene, least) do {			\
	struct uses before_ = count_uses();				\
	int n_, err_ = 0;						\
									\
	for (n_ = 1; ; n_++) {						\
		failed = NULL;						\
		calls_left = n_;					\
		errno = 77;						\
		err_ = scene(self);					\
		calls_left = 0;						\
		EXPECT_EQ(77, errno);					\
		EXPECT_TRUE(same(before_, count_uses())) TH_LOG("leak: %s", failed); \
		if (!failed)						\
			break;						\
		EXPECT_GT(0, err_) TH_LOG("succeeded: %s", failed);	\
		if (failure == ENOMEM)					\
			EXPECT_EQ(-ENOMEM, err_) TH_LOG("%s", failed);	\
	}								\
	EXPECT_EQ(0, err_);						\
	EXPECT_LE(least, n_ - 1);					\
} while (0)

TEST_F(failures, of_a_context_leave_nothing)
{
	EXPECT_ALL_FAILURES_RETURNED(make_context, 6);
}

TEST_F(failures, of_a_region_leave_nothing)
{
	EXPECT_ALL_FAILURES_RETURNED(make_region, 10);
}

TEST_F(failures, of_a_region_on_a_node_leave_nothing)
{
	EXPECT_ALL_FAILURES_RETURNED(make_bound_region, 10);
}

TEST_F(failures, of_an_import_leave_nothing)
{
	EXPECT_ALL_FAILURES_RETURNED(import, 12);
}

TEST_F(failures, of_a_ledger_leave_nothing)
{
	EXPECT_ALL_FAILURES_RETURNED(open_ledger, 5);
}

TEST_F(failures, of_a_hand_over_leave_nothing)
{
	EXPECT_ALL_FAILURES_RETURNED(hand_over, 25);
}

/* Of uninstall, too: it leaves the entry, which then finds no context. */
TEST_F(failures, of_the_handler_leave_no_context_installed)
{
	int n, err = 0;

	for (n = 1; n < 20; n++) {
		failed = NULL;
		calls_left = n;
		err = install(self);
		calls_left = 0;
		if (!failed)
			break;
		EXPECT_GE(0, err) TH_LOG("%d: %s", n, failed);
		EXPECT_FALSE(mfr_sigbus_is_installed(self->context));
		EXPECT_EQ(n == 1 ? -EINVAL : err, err);
	}
	EXPECT_EQ(0, err);
	EXPECT_LE(3, n);
}

TEST_F(failures, of_a_replacement_leave_the_page_lost)
{
	EXPECT_ALL_FAILURES_RETURNED(replace, 2);
}

TEST_F(failures, of_fdinfo_are_no_empty_list)
{
	EXPECT_ALL_FAILURES_RETURNED(sync_ledger, 2);
}

TEST_F(failures, control_a_leak_is_seen)
{
	struct uses before = count_uses(), after;
	struct mfr_ledger *l;

	ASSERT_EQ(0, mfr_ledger_open(mfr_region_ledger_fd(self->region), &l));
	after = count_uses();
	EXPECT_EQ(before.live + 1, after.live);
	EXPECT_EQ(before.maps + 1, after.maps);
	EXPECT_EQ(before.fds, after.fds);
	EXPECT_EQ(0, mfr_ledger_close(l));
	close(dup(0));
	EXPECT_TRUE(same(before, count_uses()));
	after.fds = dup(0);
	EXPECT_FALSE(same(before, count_uses()));
	close(after.fds);
}

TEST_HARNESS_MAIN
