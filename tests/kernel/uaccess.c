// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 8: the data of a system call are in a raw page.  The kernel reads
 * them through the process' own mapping, which still exists, so the machine
 * check is in the kernel; only the call may fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <poison.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <kselftest_harness.h>

#include "control.h"
#include "fdinfo.h"
#include "filled.h"
#include "hugepage.h"
#include "pattern.h"
#include "polling.h"
#include "pool.h"
#include "sigbus.h"
#include "uring.h"

#define SOME		256UL	/* bytes: several words, more than a line */

FIXTURE(kept)
{
	struct filled f;
	char *raw;		/* address of the first raw page */
	int file;		/* an empty memfd */
	int64_t hits;
};

FIXTURE_SETUP(kept)
{
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	self->file = memfd_create("copy", MFD_CLOEXEC);
	ASSERT_LE(0, self->file);
	filled_create(_metadata, &self->f, SIZE_2M);
	self->raw = self->f.hp.map + self->f.raw[0];
	self->hits = lab_poison_hits();
}

FIXTURE_TEARDOWN_PARENT(kept)
{
	lab_poison_clear();
}

/* Nothing else was lost; as the process is alive, there was no signal. */
static void expect_no_harm(struct __test_metadata *_metadata,
			   const struct filled *f, int64_t hits)
{
	EXPECT_EQ(-1, filled_sample(f, f->hp.map));
	EXPECT_LT(hits, lab_poison_hits());
	filled_expect_intact(_metadata, f, f->hp.map);
}

/* The next @len bytes of @fd are the file's pattern from @offset on. */
static void expect_arrived(struct __test_metadata *_metadata, int fd,
			   size_t offset, size_t len)
{
	char data[SOME] __attribute__((aligned(8)));

	ASSERT_EQ(len, read(fd, data, len));
	EXPECT_EQ(-1, pattern_check(data, offset, len));
}

/* A pipe and a socket take a write as a whole, up to a page. */
static void expect_whole_or_nothing(struct __test_metadata *_metadata,
				    const struct filled *f, int to, int from)
{
	const char *raw = f->hp.map + f->raw[0];

	EXPECT_EQ(-1, write(to, raw, SOME));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(to, raw - 64, SOME));
	EXPECT_EQ(EFAULT, errno);
	ASSERT_EQ(SOME, write(to, raw - SOME, SOME));
	expect_arrived(_metadata, from, f->raw[0] - SOME, SOME);
	ASSERT_EQ(SOME, write(to, raw + BASE_PAGE, SOME));
	expect_arrived(_metadata, from, f->raw[0] + BASE_PAGE, SOME);
}

TEST_F(kept, write_to_pipe)
{
	int ends[2];

	ASSERT_EQ(0, pipe2(ends, O_NONBLOCK));
	expect_whole_or_nothing(_metadata, &self->f, ends[1], ends[0]);
	expect_no_harm(_metadata, &self->f, self->hits);
}

TEST_F(kept, write_to_socket)
{
	int ends[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	expect_whole_or_nothing(_metadata, &self->f, ends[1], ends[0]);
	expect_no_harm(_metadata, &self->f, self->hits);
}

/* A file gets the bytes before the broken line. */
TEST_F(kept, write_to_file)
{
	EXPECT_EQ(-1, write(self->file, self->raw, SOME));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(128, write(self->file, self->raw - 128, SOME));
	EXPECT_EQ(SOME, write(self->file, self->raw + BASE_PAGE, SOME));
	ASSERT_EQ(0, lseek(self->file, 0, SEEK_SET));
	expect_arrived(_metadata, self->file, self->f.raw[0] - 128, 128);
	expect_arrived(_metadata, self->file, self->f.raw[0] + BASE_PAGE, SOME);
	expect_no_harm(_metadata, &self->f, self->hits);
}

TEST_F(kept, writev_stops_at_it)
{
	struct iovec parts[] = {
		{ self->raw - SOME, SOME },
		{ self->raw, SOME },
		{ self->raw + BASE_PAGE, SOME },
	};

	EXPECT_EQ(SOME, writev(self->file, parts, 3));
	ASSERT_EQ(0, lseek(self->file, 0, SEEK_SET));
	expect_arrived(_metadata, self->file, self->f.raw[0] - SOME, SOME);
	EXPECT_EQ(0, read(self->file, parts[0].iov_base, 1));
	expect_no_harm(_metadata, &self->f, self->hits);
}

/* A write by an io_uring worker of this process. */
static int worker_writes(const struct uring *ring, int fd, const char *from)
{
	const struct io_uring_sqe write = {
		.opcode = IORING_OP_WRITE,
		.flags = IOSQE_ASYNC,
		.fd = fd,
		.addr = (uintptr_t)from,
		.len = SOME,
	};

	return uring_submit(ring, &write);
}

/* A worker copies, in which a signal could not be handled. */
TEST_F(kept, write_by_io_worker)
{
	struct uring ring;

	ASSERT_EQ(0, uring_open(&ring));
	EXPECT_EQ(-EFAULT, worker_writes(&ring, self->file, self->raw));
	EXPECT_EQ(SOME, worker_writes(&ring, self->file,
				      self->raw + BASE_PAGE));
	expect_arrived(_metadata, self->file, self->f.raw[0] + BASE_PAGE, SOME);
	close(ring.fd);
	expect_no_harm(_metadata, &self->f, self->hits);
}

/* A path, which the kernel copies by words and then by bytes. */
TEST_F(kept, path_in_it)
{
	char *healthy = self->raw + BASE_PAGE + 64;

	EXPECT_EQ(-1, open(self->raw, O_RDONLY));
	EXPECT_EQ(EFAULT, errno);
	memcpy(healthy, ".", 2);
	EXPECT_LE(0, open(healthy, O_RDONLY));
	EXPECT_LT(self->hits, lab_poison_hits());
}

/* Stores raise no machine check, and repair nothing. */
TEST_F(kept, read_into_it)
{
	int zero = open("/dev/zero", O_RDONLY);

	EXPECT_EQ(BASE_PAGE, read(zero, self->raw, BASE_PAGE));
	EXPECT_EQ(BASE_PAGE, read(zero, self->raw + BASE_PAGE, BASE_PAGE));
	EXPECT_EQ(self->hits, lab_poison_hits());
	EXPECT_EQ(0, self->raw[BASE_PAGE]);
	filled_expect_fatal(_metadata, &self->f, self->f.hp.map);
}

static long futex(void *addr, int op, unsigned int val, void *addr2, int val3)
{
	return syscall(SYS_futex, addr, op, val, NULL, addr2, val3);
}

/* get_user_pages() looks up a shared futex; a private one is only read. */
TEST_F(kept, futex_wait)
{
	EXPECT_EQ(-1, futex(self->raw, FUTEX_WAIT_PRIVATE, 0, NULL, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, futex(self->raw, FUTEX_WAIT, 0, NULL, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, futex(self->raw + BASE_PAGE, FUTEX_WAIT_PRIVATE, 0, NULL,
			    0));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, futex(self->raw + BASE_PAGE, FUTEX_WAIT, 0, NULL, 0));
	EXPECT_EQ(EAGAIN, errno);
	expect_no_harm(_metadata, &self->f, self->hits);
}

/* The kernel reads the list while the process is exiting. */
TEST_F(kept, robust_list_at_exit)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		syscall(SYS_set_robust_list, self->raw,
			sizeof(struct robust_list_head));
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	expect_no_harm(_metadata, &self->f, self->hits);
}

/*
 * Calls that panic a kernel without the fixes, with new poison as well as with
 * known poison that is still mapped.
 */
FIXTURE(fresh)
{
	struct filled f;
	char *raw, *other_raw;
	int file;
};

FIXTURE_SETUP(fresh)
{
	size_t i;

	sigbus_catch();
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&self->f.hp, SIZE_2M));
	self->file = memfd_create("copy", MFD_CLOEXEC);
	ASSERT_LE(0, self->file);
	pattern_fill(self->f.hp.map, 0, SIZE_2M);
	for (i = 0; i < RAW_PAGES; i++) {
		self->f.raw[i] = (10 + 7 * i) * BASE_PAGE;
		ASSERT_EQ(0, lab_poison_add(self->f.hp.pa + self->f.raw[i], 1));
	}
	self->raw = self->f.hp.map + self->f.raw[0];
	self->other_raw = self->f.hp.map + self->f.raw[1];
	CONTROL_READY();
	CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(fresh)
{
	lab_poison_clear();
}

/* The first consumed page is on the record; no healthy page was lost. */
static void expect_recorded(struct __test_metadata *_metadata,
			    const struct filled *f)
{
	EXPECT_TRUE(poll_until(!strncmp(fdinfo_ranges(f->hp.fd), "0xa000+0x1000",
					strlen("0xa000+0x1000"))));
	filled_expect_intact(_metadata, f, f->hp.map);
}

#define WRITES_MAX	16

/* One io_submit() of @n writes, from the addresses in @from: all must fail. */
static void expect_writes_fail(struct __test_metadata *_metadata, int fd,
			       char *const *from, size_t n)
{
	struct iocb writes[WRITES_MAX] = { 0 }, *list[WRITES_MAX];
	struct io_event events[WRITES_MAX];
	aio_context_t context = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		writes[i].aio_lio_opcode = IOCB_CMD_PWRITE;
		writes[i].aio_fildes = fd;
		writes[i].aio_buf = (uintptr_t)from[i];
		writes[i].aio_nbytes = SOME;
		list[i] = &writes[i];
	}
	ASSERT_EQ(0, syscall(SYS_io_setup, n, &context));
	ASSERT_EQ(n, syscall(SYS_io_submit, context, n, list));
	ASSERT_EQ(n, syscall(SYS_io_getevents, context, n, n, events, NULL));
	for (i = 0; i < n; i++)
		EXPECT_EQ(-EFAULT, events[i].res);
	syscall(SYS_io_destroy, context);
}

/* "Consecutive machine checks to different user pages". */
TEST_F(fresh, two_pages_in_one_call)
{
	char *from[] = { self->raw, self->other_raw };
	int round;

	for (round = 0; round < 2; round++) {
		expect_writes_fail(_metadata, self->file, from, 2);
		expect_recorded(_metadata, &self->f);
	}
}

/* "Too many consecutive machine checks while accessing user data". */
TEST_F(fresh, one_page_often_in_one_call)
{
	char *from[WRITES_MAX];
	int i, round;

	for (i = 0; i < WRITES_MAX; i++)
		from[i] = self->raw;
	for (round = 0; round < 2; round++) {
		expect_writes_fail(_metadata, self->file, from, WRITES_MAX);
		expect_recorded(_metadata, &self->f);
	}
}

/* The same panic: the kernel retried until the word could be read. */
TEST_F(fresh, futex_lock_pi)
{
	int round;

	for (round = 0; round < 2; round++) {
		EXPECT_EQ(-1, futex(self->raw, FUTEX_LOCK_PI_PRIVATE, 0, NULL,
				    0));
		EXPECT_EQ(EFAULT, errno);
		expect_recorded(_metadata, &self->f);
	}
}

/* "Data load in unrecoverable area of kernel", by an atomic instruction. */
TEST_F(fresh, futex_wake_op)
{
	static const int ops[] = { FUTEX_OP_SET, FUTEX_OP_ADD, FUTEX_OP_OR };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		EXPECT_EQ(-1, futex(self->raw + BASE_PAGE,
				    FUTEX_WAKE_OP_PRIVATE, 1, self->raw,
				    FUTEX_OP(ops[i], 1, FUTEX_OP_CMP_EQ, 0)));
		EXPECT_EQ(EFAULT, errno);
		expect_recorded(_metadata, &self->f);
	}
}

TEST_HARNESS_MAIN
