// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rule 20: errors that the kernel consumes are reported from the record
 * of the machine check: any number, in any thread, in any process' memory.  And
 * rule 22: a process that raises many does not displace those of others.
 *
 * Every control here ends in a panic.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <kselftest_harness.h>

#include "control.h"
#include "counters.h"
#include "fdinfo.h"
#include "hugepage.h"
#include "kmsg.h"
#include "polling.h"
#include "pool.h"
#include "raise.h"
#include "sigbus.h"
#include "uring.h"

#define SOME	64UL

static long corrupted_kb(void)
{
	struct error_counters counters;

	error_counters_read(&counters);
	return counters.corrupted_kb;
}

/* New poison in two base pages of a huge page. */
FIXTURE(fresh)
{
	struct hugepage hp;
	char *one, *other;
	int pipe[2];
};

FIXTURE_SETUP(fresh)
{
	sigbus_catch();
	ASSERT_EQ(0, kmsg_start());
	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&self->hp, SIZE_2M));
	ASSERT_EQ(0, pipe2(self->pipe, O_NONBLOCK | O_CLOEXEC));
	memset(self->hp.map, 1, SIZE_2M);
	self->one = self->hp.map + 10 * BASE_PAGE;
	self->other = self->hp.map + 20 * BASE_PAGE;
	ASSERT_EQ(0, lab_poison_add(lab_pa(self->one), 1));
	ASSERT_EQ(0, lab_poison_add(lab_pa(self->other), 1));
	CONTROL_READY();
	CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(fresh)
{
	lab_poison_clear();
}

static struct io_uring_sqe write_of(int fd, const void *from, unsigned char flags)
{
	return (struct io_uring_sqe){
		.opcode = IORING_OP_WRITE,
		.flags = flags,
		.fd = fd,
		.addr = (uintptr_t)from,
		.len = SOME,
	};
}

/*
 * This task does the first write and then forks a worker for the second one,
 * which must not inherit any state of the first machine check. They are about
 * two huge pages, because base soon unmaps the first one.
 */
TEST_F(fresh, worker_that_is_forked_after_an_error)
{
	struct hugepage apart;
	struct io_uring_sqe writes[2];
	struct uring ring;
	int res[2];

	ASSERT_EQ(0, pool_want(SIZE_2M, 1));
	ASSERT_EQ(0, hugepage_create(&apart, SIZE_2M));
	ASSERT_EQ(0, lab_poison_add(apart.pa, 2 * BASE_PAGE));
	writes[0] = write_of(self->pipe[1], self->one, 0);
	writes[1] = write_of(self->pipe[1], apart.map, IOSQE_ASYNC);
	ASSERT_EQ(0, uring_open_many(&ring, 2));
	ASSERT_EQ(0, uring_submit_many(&ring, writes, 2, res));
	EXPECT_EQ(-EFAULT, res[0]);
	EXPECT_EQ(-EFAULT, res[1]);
	EXPECT_TRUE(poll_until(!strcmp("0xa000+0x1000",
				       fdinfo_ranges(self->hp.fd))));
	EXPECT_TRUE(poll_until(!strcmp("0x0+0x1000",
				       fdinfo_ranges(apart.fd))));

	/* The same worker again: no state of its own first machine check. */
	writes[1] = write_of(self->pipe[1], apart.map + BASE_PAGE, IOSQE_ASYNC);
	ASSERT_EQ(0, uring_submit_many(&ring, &writes[1], 1, res));
	EXPECT_EQ(-EFAULT, res[0]);
	EXPECT_TRUE(poll_until(!strcmp("0x0+0x2000",
				       fdinfo_ranges(apart.fd))));
}

#define WRITES	4096

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
}

/* A child that submits as many writes per call as possible, from poison. */
static pid_t storm(int to, const char *raw)
{
	struct io_uring_sqe *writes = calloc(WRITES, sizeof(*writes));
	int i, *res = calloc(WRITES, sizeof(*res));
	struct uring ring;
	pid_t pid = fork();

	if (pid)
		return pid;
	run_on(0);
	for (i = 0; i < WRITES; i++)
		writes[i] = write_of(to, raw, 0);
	while (!uring_open_many(&ring, WRITES)) {
		uring_submit_many(&ring, writes, WRITES, res);
		close(ring.fd);
	}
	_exit(1);
}

/*
 * A new error in private memory of this process, consumed by a system call.  Its
 * own line of the log: counters are also those of the storm.
 */
static void meet_new_error(struct __test_metadata *_metadata, int to)
{
	char *page = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int64_t pa;

	memset(page, 1, BASE_PAGE);
	pa = lab_pa(page);
	ASSERT_EQ(0, lab_poison_add(pa, 1));
	EXPECT_EQ(-1, write(to, page, SOME));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(poll_until(error_results(pa / BASE_PAGE) == 1));
}

#define NEW_ERRORS	20
/* For keep-debug on a busy machine; 30 s were not enough there. */
#define LONG_SECONDS	180

/* Other tasks' errors are all reported while one task consumes poison. */
TEST_F_TIMEOUT(fresh, errors_of_others_beside_a_storm, LONG_SECONDS)
{
	int64_t hits = lab_poison_hits();
	pid_t pid = storm(self->pipe[1], self->one);
	int i;

	run_on(1);
	ASSERT_TRUE(poll_until(lab_poison_hits() > hits + 100));
	for (i = 0; i < NEW_ERRORS; i++)
		meet_new_error(_metadata, self->pipe[1]);
	EXPECT_EQ(0, kmsg_count("records pool full"));
	kill(pid, SIGKILL);
	EXPECT_TRUE(poll_until(waitpid(pid, NULL, WNOHANG) == pid));
}

/*
 * Pages that the kernel reads through its own mapping, for read(2).  The bytes
 * before the poison are returned.
 */
FIXTURE(source)
{
	int file;
	char *map;		/* two pages of the file, or memory */
	char data[2 * BASE_PAGE];
	long kb;
};

#define BEFORE	(5 * 64UL)	/* bytes of the second page */

FIXTURE_SETUP(source)
{
	sigbus_catch();
	self->file = memfd_create("source", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(self->file, 2 * BASE_PAGE));
	self->map = mmap(NULL, 2 * BASE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_POPULATE, self->file, 0);
	ASSERT_NE(MAP_FAILED, self->map);
	memset(self->map, 7, 2 * BASE_PAGE);
	self->kb = corrupted_kb();
	CONTROL_READY();
	CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(source)
{
	lab_poison_clear();
}

static void expect_short_read(struct __test_metadata *_metadata, int from,
			      char *data, long kb)
{
	int64_t hits = lab_poison_hits();

	EXPECT_EQ(BASE_PAGE + BEFORE, read(from, data, 2 * BASE_PAGE));
	EXPECT_EQ(7, data[BASE_PAGE + BEFORE - 1]);
	EXPECT_LT(hits, lab_poison_hits());
	EXPECT_TRUE(poll_until(corrupted_kb() == kb + 4));
}

TEST_F(source, is_a_file)
{
	ASSERT_EQ(0, lab_poison_add(lab_pa(self->map + BASE_PAGE + BEFORE), 1));
	expect_short_read(_metadata, self->file, self->data, self->kb);
	/* Known now */
	EXPECT_EQ(-1, pread(self->file, self->data, 1, BASE_PAGE));
	EXPECT_EQ(EIO, errno);
}

/* A page that starts with poison yields nothing, and the pipe stays usable. */
TEST_F(source, is_a_pipe)
{
	struct iovec pages = { self->map, 2 * BASE_PAGE };
	int ends[2];

	ASSERT_EQ(0, pipe2(ends, O_NONBLOCK));
	ASSERT_EQ(pages.iov_len, vmsplice(ends[1], &pages, 1, 0));
	ASSERT_EQ(0, lab_poison_add(lab_pa(self->map + BASE_PAGE), 1));
	EXPECT_EQ(BASE_PAGE, read(ends[0], self->data, 2 * BASE_PAGE));
	ASSERT_TRUE(poll_until(corrupted_kb() == self->kb + 4));
	/* Known now */
	EXPECT_EQ(-1, read(ends[0], self->data, 1));
	EXPECT_EQ(EIO, errno);
}

TEST_F(source, is_a_socket)
{
	int ends[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends));
	ASSERT_EQ(2 * BASE_PAGE, sendfile(ends[1], self->file, NULL, 2 * BASE_PAGE));
	ASSERT_EQ(0, lab_poison_add(lab_pa(self->map), 1));
	EXPECT_EQ(-1, read(ends[0], self->data, 2 * BASE_PAGE));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(poll_until(corrupted_kb() == self->kb + 4));
}

TEST_HARNESS_MAIN
