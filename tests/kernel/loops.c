// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 17: the kernel copies data of a process with page faults disabled,
 * faults the memory in if nothing was copied, and retries. Faulting poison in
 * succeeds, but it cannot be copied. Each call must still return, with an error
 * or the bytes before the poison, and SIGKILL must end it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poison.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <kselftest_harness.h>

#include "attempt.h"
#include "control.h"
#include "filled.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pattern.h"
#include "pool.h"
#include "sigbus.h"
#include "sink.h"
#include "uring.h"

/* Numbers of bytes to write before the poison, and from it on. */
static const size_t before[] = { 0, 1, 64, 1000, 2049, 5000, 9000 };
#define BEHIND		300UL
#define FRESH_FIRST	20	/* base page with the first fresh line */

/* A write, and which thread does it. */
struct way {
	const char *from;
	size_t len;
	int fd;
	bool worker;	/* by a worker of io_uring, not by the caller */
	/* the registered memory, for a fixed buffer */
	const struct hugepage *fixed;
};

static long by_ring(const struct way *w, int opcode)
{
	const struct io_uring_sqe want = {
		.opcode = opcode,
		.flags = w->worker ? IOSQE_ASYNC : 0,
		.fd = w->fd,
		.addr = (uintptr_t)w->from,
		.len = w->len,
	};
	struct uring ring;
	int err = uring_open(&ring);

	if (!err && w->fixed)
		err = uring_register(&ring, w->fixed->map, w->fixed->size);
	return err ? err : uring_submit(&ring, &want);
}

static long write_plainly(void *arg)
{
	const struct way *w = arg;
	ssize_t done = write(w->fd, w->from, w->len);

	return done < 0 ? -errno : done;
}

static long write_by_ring(void *arg)
{
	return by_ring(arg, IORING_OP_WRITE);
}

/* An error, or only bytes from before the poison, unchanged. */
static void expect_start_of(struct __test_metadata *_metadata,
			    const struct way *w, long done, size_t at)
{
	static char data[16384];

	if (!at)
		EXPECT_EQ(-EFAULT, done);
	if (done == -EFAULT)
		return;
	ASSERT_LT(0, done);
	ASSERT_LE(done, (long)at);
	ASSERT_EQ(done, pread(w->fd, data, done, 0));
	EXPECT_EQ(0, memcmp(data, w->from, done));
}

/* A following write of healthy data works. */
static void expect_goes_on(struct __test_metadata *_metadata,
			   long (*what)(void *arg), const struct way *w,
			   const char *healthy)
{
	struct way next = *w;
	char data[BEHIND];

	next.from = healthy;
	next.len = BEHIND;
	ASSERT_EQ(0, lseek(w->fd, 0, SEEK_SET));
	EXPECT_EQ(BEHIND, attempt(what, &next));
	ASSERT_EQ(BEHIND, pread(w->fd, data, BEHIND, 0));
	EXPECT_EQ(0, memcmp(data, healthy, BEHIND));
}

static void write_around(struct __test_metadata *_metadata,
			 long (*what)(void *arg), struct way *w,
			 const char *raw, size_t at)
{
	w->from = raw - at;
	w->len = at + BEHIND;
	ASSERT_EQ(0, ftruncate(w->fd, 0));
	ASSERT_EQ(0, lseek(w->fd, 0, SEEK_SET));
	expect_start_of(_metadata, w, attempt(what, w), at);
}

FIXTURE(known)
{
	struct filled f;
	struct sink sink;
};

FIXTURE_VARIANT(known)
{
	enum sink_kind kind;
};

FIXTURE_VARIANT_ADD(known, tmpfs) { .kind = SINK_TMPFS };
FIXTURE_VARIANT_ADD(known, ramfs) { .kind = SINK_RAMFS };
FIXTURE_VARIANT_ADD(known, ext4) { .kind = SINK_EXT4 };
FIXTURE_VARIANT_ADD(known, fuse) { .kind = SINK_FUSE };

FIXTURE_SETUP(known)
{
	ASSERT_EQ(0, sink_open(&self->sink, variant->kind));
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	filled_create(_metadata, &self->f, SIZE_2M);
}

FIXTURE_TEARDOWN_PARENT(known)
{
	lab_poison_clear();
	sink_unmount(&self->sink);
}

/* Write from a raw page: from its start, and from addresses before it. */
static void write_known(struct __test_metadata *_metadata,
			struct filled *f, int fd, bool worker,
			long (*what)(void *arg))
{
	const char *raw = f->hp.map + f->raw[1];
	struct way w = { .fd = fd, .worker = worker };
	int64_t hits = lab_poison_hits();
	size_t i;

	for (i = 0; i < ARRAY_SIZE(before); i++)
		write_around(_metadata, what, &w, raw, before[i]);
	expect_goes_on(_metadata, what, &w, raw + 2 * BASE_PAGE);
	EXPECT_LT(hits, lab_poison_hits());
	EXPECT_EQ(-1, filled_sample(f, f->hp.map));
}

TEST_F_TIMEOUT(known, written, 120)
{
	write_known(_metadata, &self->f, self->sink.fd, false, write_plainly);
}

TEST_F_TIMEOUT(known, written_by_ring, 120)
{
	write_known(_metadata, &self->f, self->sink.fd, false, write_by_ring);
}

TEST_F_TIMEOUT(known, written_by_worker, 120)
{
	write_known(_metadata, &self->f, self->sink.fd, true, write_by_ring);
}

/*
 * A buffer that was registered before the error: the kernel uses an address of
 * its own for it, at which it takes no page faults.
 */
FIXTURE(fixed)
{
	struct hugepage hp;
	struct sink sink;
	struct uring ring;
};

FIXTURE_VARIANT(fixed)
{
	enum sink_kind kind;
};

FIXTURE_VARIANT_ADD(fixed, tmpfs) { .kind = SINK_TMPFS };
FIXTURE_VARIANT_ADD(fixed, fuse) { .kind = SINK_FUSE };

FIXTURE_SETUP(fixed)
{
	sigbus_catch();
	ASSERT_EQ(0, sink_open(&self->sink, variant->kind));
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	pattern_fill(self->hp.map, 0, SIZE_2M);
	ASSERT_EQ(0, uring_open(&self->ring));
	ASSERT_EQ(0, uring_register(&self->ring, self->hp.map, SIZE_2M));
	/* A long-term pin may have moved it. */
	self->hp.pa = pagemap_pfn(self->hp.map) * BASE_PAGE;
	CONTROL_READY();
	CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(fixed)
{
	lab_poison_clear();
	sink_unmount(&self->sink);
}

struct fixed_write {
	const struct uring *ring;
	struct io_uring_sqe sqe;
};

static long submit_fixed(void *arg)
{
	const struct fixed_write *w = arg;

	return uring_submit(w->ring, &w->sqe);
}

static long write_fixed(const struct uring *ring, int fd, const char *from,
			size_t len, bool worker)
{
	struct fixed_write w = {
		.ring = ring,
		.sqe = {
			.opcode = IORING_OP_WRITE_FIXED,
			.flags = worker ? IOSQE_ASYNC : 0,
			.fd = fd,
			.addr = (uintptr_t)from,
			.len = len,
		},
	};

	return attempt(submit_fixed, &w);
}

/* New poison at each position: the kernel itself consumes it. */
static void write_fresh(struct __test_metadata *_metadata, int fd,
			const struct hugepage *hp, const struct uring *ring,
			bool worker)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(before); i++) {
		const size_t raw = (FRESH_FIRST + 5 * i) * BASE_PAGE + 640;
		struct way w = {
			.fd = fd,
			.from = hp->map + raw - before[i],
			.len = before[i] + BEHIND,
		};

		ASSERT_EQ(0, lab_poison_add(hp->pa + raw, 1));
		ASSERT_EQ(0, ftruncate(fd, 0));
		expect_start_of(_metadata, &w,
				write_fixed(ring, fd, w.from, w.len, worker),
				before[i]);
	}
	EXPECT_EQ(BEHIND, write_fixed(ring, fd, hp->map, BEHIND, worker));
}

TEST_F_TIMEOUT(fixed, fresh, 120)
{
	write_fresh(_metadata, self->sink.fd, &self->hp, &self->ring, false);
}

TEST_F_TIMEOUT(fixed, fresh_by_worker, 120)
{
	write_fresh(_metadata, self->sink.fd, &self->hp, &self->ring, true);
}

/* Known poison: refused for every line of the raw page. */
TEST_F_TIMEOUT(fixed, known, 120)
{
	const size_t raw = FRESH_FIRST * BASE_PAGE;
	const char *from = self->hp.map + raw;
	struct sigbus seen;
	int worker;

	ASSERT_EQ(0, lab_poison_add(self->hp.pa + raw + 640, 1));
	ASSERT_TRUE(sigbus_on_load(from + 640, &seen));
	for (worker = 0; worker < 2; worker++) {
		EXPECT_EQ(-EFAULT, write_fixed(&self->ring, self->sink.fd,
					       from + 640, 64, worker));
		EXPECT_EQ(-EFAULT, write_fixed(&self->ring, self->sink.fd,
					       from - 64, 128, worker));
		EXPECT_EQ(64, write_fixed(&self->ring, self->sink.fd,
					  from - 64, 64, worker));
		EXPECT_EQ(64, write_fixed(&self->ring, self->sink.fd,
					  from + BASE_PAGE, 64, worker));
	}
}

TEST_HARNESS_MAIN
