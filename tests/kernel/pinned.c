// SPDX-License-Identifier: GPL-2.0-only
/*
 * keep, rules 17 and 19: a process that pinned a page before its error can make
 * the kernel load from it or store to it any number of times.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poison.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <kselftest_harness.h>

#include "attempt.h"
#include "control.h"
#include "hugepage.h"
#include "pageflags.h"
#include "pattern.h"
#include "pool.h"
#include "sigbus.h"
#include "uring.h"

#define RAW		(20 * BASE_PAGE)	/* the page with the error */
#define LINE		640UL		/* offset of its line in the page */

/* Break a line of a page that is pinned already, and consume the error. */
static void break_line(struct __test_metadata *_metadata,
		       const struct hugepage *hp)
{
	uint64_t pa = pagemap_pfn(hp->map) * BASE_PAGE;	/* a pin may move it */
	struct sigbus seen;

	ASSERT_EQ(0, lab_poison_add(pa + RAW + LINE, 1));
	ASSERT_TRUE(sigbus_on_load(hp->map + RAW + LINE, &seen));
}

static void make_page(struct __test_metadata *_metadata, struct hugepage *hp)
{
	sigbus_catch();
	ASSERT_EQ(0, pool_want(SIZE_2M, 2));
	ASSERT_EQ(0, hugepage_create(hp, SIZE_2M));
	pattern_fill(hp->map, 0, SIZE_2M);
}

/* The page and the next one have been given to a pipe. */
FIXTURE(piped)
{
	struct hugepage hp;
	int ends[2];
};

FIXTURE_SETUP(piped)
{
	struct iovec pages;

	make_page(_metadata, &self->hp);
	ASSERT_EQ(0, pipe2(self->ends, O_NONBLOCK | O_CLOEXEC));
	pages = (struct iovec){ self->hp.map + RAW, 2 * BASE_PAGE };
	ASSERT_EQ(2 * BASE_PAGE, vmsplice(self->ends[1], &pages, 1,
					  SPLICE_F_GIFT));
	break_line(_metadata, &self->hp);
	CONTROL_READY();
	CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(piped)
{
	lab_poison_clear();
}

struct transfer {
	int from, to;
};

static long read_some(void *arg)
{
	static char data[BASE_PAGE];
	ssize_t got = read(((struct transfer *)arg)->from, data, sizeof(data));

	return got < 0 ? -errno : got;
}

static long splice_some(void *arg)
{
	struct transfer *t = arg;
	ssize_t done = splice(t->from, NULL, t->to, NULL, BASE_PAGE, 0);

	return done < 0 ? -errno : done;
}

TEST_F(piped, read)
{
	struct transfer t = { .from = self->ends[0] };

	EXPECT_EQ(-EIO, attempt(read_some, &t));
}

TEST_F(piped, spliced_to_file)
{
	struct transfer t = {
		.from = self->ends[0],
		.to = memfd_create("sink", MFD_CLOEXEC),
	};

	EXPECT_EQ(-EIO, attempt(splice_some, &t));
}

/* The read of the socket loads the poison. */
TEST_F(piped, spliced_to_socket)
{
	struct transfer t = { .from = self->ends[0] };
	int pair[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
	t.to = pair[0];
	EXPECT_EQ(-EIO, attempt(splice_some, &t));
	t.from = pair[1];
	EXPECT_EQ(-EAGAIN, attempt(read_some, &t));
}

/* A buffer registered with io_uring. */
FIXTURE(registered)
{
	struct hugepage hp;
	struct uring ring;
};

FIXTURE_SETUP(registered)
{
	make_page(_metadata, &self->hp);
	ASSERT_EQ(0, uring_open(&self->ring));
	ASSERT_EQ(0, uring_register(&self->ring, self->hp.map, SIZE_2M));
	break_line(_metadata, &self->hp);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(registered)
{
	lab_poison_clear();
}

struct request {
	const struct uring *ring;
	struct io_uring_sqe sqe;
};

static long submit(void *arg)
{
	const struct request *r = arg;

	return uring_submit(r->ring, &r->sqe);
}

/* Stores by the kernel into the raw page, in the bad line and beside it. */
TEST_F(registered, stored_into)
{
	struct request r = {
		.ring = &self->ring,
		.sqe = {
			.opcode = IORING_OP_READ_FIXED,
			.fd = open("/dev/zero", O_RDONLY | O_CLOEXEC),
			.addr = (uintptr_t)(self->hp.map + RAW),
			.len = BASE_PAGE,
		},
	};

	if (!policy_omitted())
		EXPECT_EQ(0x55, self->hp.map[RAW + LINE + 64] = 0x55);
	EXPECT_EQ(BASE_PAGE, attempt(submit, &r));
	r.sqe.flags = IOSQE_ASYNC;
	EXPECT_EQ(BASE_PAGE, attempt(submit, &r));
	/* With the policy the page stays mapped, and shows what was stored. */
	EXPECT_FALSE(sigbus_on_load(self->hp.map + RAW + LINE + 64,
				    &(struct sigbus){ 0 }));
	EXPECT_EQ(0, self->hp.map[RAW + LINE + 64]);
}

/* Provide a buffer by a ring in the process' own memory, at @br. */
static int provide_buffer(const struct uring *ring, struct io_uring_buf_ring *br,
			  void *buffer, size_t len)
{
	struct io_uring_buf_reg want = {
		.ring_addr = (uintptr_t)br,
		.ring_entries = 8,
		.bgid = 1,
	};

	memset(br, 0, 8 * sizeof(br->bufs[0]));
	br->bufs[0].addr = (uintptr_t)buffer;
	br->bufs[0].len = len;
	__atomic_store_n(&br->tail, 1, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_register, ring->fd,
		       IORING_REGISTER_PBUF_RING, &want, 1) ? -errno : 0;
}

FIXTURE(provided)
{
	struct hugepage hp;
	struct uring ring;
	char *buffer;
	int ends[2];
};

FIXTURE_SETUP(provided)
{
	make_page(_metadata, &self->hp);
	self->buffer = self->hp.map;
	ASSERT_EQ(0, uring_open(&self->ring));
	ASSERT_EQ(0, provide_buffer(&self->ring, (void *)(self->hp.map + RAW),
				    self->buffer, BASE_PAGE));
	ASSERT_EQ(0, pipe(self->ends));
	break_line(_metadata, &self->hp);
	CONTROL_READY();
}

FIXTURE_TEARDOWN_PARENT(provided)
{
	lab_poison_clear();
}

/* Rule 19: the kernel still uses the healthy lines of the ring's page. */
TEST_F(provided, ring_in_raw_page)
{
	struct request r = {
		.ring = &self->ring,
		.sqe = {
			.opcode = IORING_OP_READ,
			.flags = IOSQE_BUFFER_SELECT,
			.fd = self->ends[0],
			.len = BASE_PAGE,
			.buf_group = 1,
		},
	};

	ASSERT_EQ(8, write(self->ends[1], "12345678", 8));
	EXPECT_EQ(8, attempt(submit, &r));
	EXPECT_EQ(0, memcmp("12345678", self->buffer, 8));
}

/* Sockets over the loopback device. */
static int up_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int err = ioctl(fd, SIOCSIFFLAGS, &request);

	close(fd);
	return err;
}

static int udp_pair(int *from, int *to)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(at);
	int one = 1;

	*from = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	*to = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(*to, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(*to, (struct sockaddr *)&at, &len) ||
	    connect(*from, (struct sockaddr *)&at, sizeof(at)))
		return -1;
	return setsockopt(*from, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one));
}

FIXTURE(sent)
{
	struct hugepage hp;
	struct uring ring;
	int from, to;
};

FIXTURE_SETUP(sent)
{
	make_page(_metadata, &self->hp);
	ASSERT_EQ(0, up_loopback());
	ASSERT_EQ(0, udp_pair(&self->from, &self->to));
	ASSERT_EQ(0, uring_open(&self->ring));
	ASSERT_EQ(0, uring_register(&self->ring, self->hp.map, SIZE_2M));
	CONTROL_READY();
	CONTROL_FATAL();
}

FIXTURE_TEARDOWN_PARENT(sent)
{
	lab_poison_clear();
}

struct message {
	int fd;
	const char *data;
	size_t len;
};

static long send_uncopied(void *arg)
{
	const struct message *m = arg;
	ssize_t done = send(m->fd, m->data, m->len, MSG_ZEROCOPY);

	return done < 0 ? -errno : done;
}

/* The kernel copies the data after all, as the packet is delivered locally. */
TEST_F(sent, fresh_uncopied)
{
	struct message m = {
		.fd = self->from,
		.data = self->hp.map + RAW,
		.len = BASE_PAGE,
	};
	uint64_t pa = pagemap_pfn(self->hp.map) * BASE_PAGE;
	static char data[BASE_PAGE] __attribute__((aligned(8)));
	struct transfer t = { .from = self->to };

	ASSERT_EQ(0, lab_poison_add(pa + RAW + LINE, 1));
	EXPECT_LT(-1000, attempt(send_uncopied, &m));
	EXPECT_EQ(-EAGAIN, attempt(read_some, &t));
	m.data += BASE_PAGE;
	EXPECT_EQ(BASE_PAGE, attempt(send_uncopied, &m));
	EXPECT_EQ(BASE_PAGE, read(self->to, data, BASE_PAGE));
	EXPECT_EQ(-1, pattern_check(data, RAW + BASE_PAGE, BASE_PAGE));
}

/* A send of known poison is refused. */
TEST_F(sent, known_from_registered)
{
	struct request r = {
		.ring = &self->ring,
		.sqe = {
			.opcode = IORING_OP_SEND_ZC,
			.fd = self->from,
			.addr = (uintptr_t)(self->hp.map + RAW),
			.len = BASE_PAGE,
			.ioprio = IORING_RECVSEND_FIXED_BUF,
		},
	};
	struct transfer t = { .from = self->to };

	break_line(_metadata, &self->hp);
	EXPECT_EQ(-EFAULT, attempt(submit, &r));
	EXPECT_EQ(-EAGAIN, attempt(read_some, &t));
}

TEST_HARNESS_MAIN
