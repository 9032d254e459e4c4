// SPDX-License-Identifier: GPL-2.0-only
/* Blobs and the socket: a receiver gets all that was sent, or nothing. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blob.h"
#include "checksum.h"
#include "kselftest_harness.h"
#include "region.h"
#include "scene.h"

FIXTURE(handover)
{
	struct mfr_context *context;
	struct mfr_region *region;
	char blob[1000];
	int64_t length;
	int pair[2];
};

FIXTURE_SETUP(handover)
{
	self->context = scene_context(4);
	self->region = scene_region(self->context, 1024);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, self->pair));
	mfr_region_mark(self->region, 0, PAGE);
	mfr_region_mark(self->region, 5 * PAGE, 3 * PAGE);
	mfr_region_mark(self->region, 1023 * PAGE, PAGE);
	self->length = mfr_ledger_encode(mfr_region_ledger(self->region),
				       self->blob, sizeof(self->blob));
	ASSERT_EQ(40 + 3 * 16, self->length);
}

FIXTURE_TEARDOWN(handover)
{
}

TEST_F(handover, a_blob_is_the_ledger)
{
	struct mfr_region *to = scene_region(self->context, 1024);
	char again[1000];

	EXPECT_EQ(self->length, mfr_ledger_encode(mfr_region_ledger(self->region),
						NULL, 0));
	EXPECT_EQ(0, mfr_region_merge(to, self->blob, self->length));
	EXPECT_EQ(self->length, mfr_ledger_encode(mfr_region_ledger(to), again,
						sizeof(again)));
	EXPECT_EQ(0, memcmp(again, self->blob, self->length));
	EXPECT_EQ(-ENOSPC, mfr_ledger_encode(mfr_region_ledger(to), again, 87));
	EXPECT_EQ(-ENOSPC, mfr_ledger_encode(mfr_region_ledger(to), again, 1));
	EXPECT_EQ(-EFAULT, mfr_ledger_encode(mfr_region_ledger(to), NULL, 99));
	EXPECT_EQ(-EFAULT, mfr_ledger_encode(NULL, again, 99));
}

TEST_F(handover, the_format_never_changes_by_itself)
{
	static const unsigned char start[] = {
		'm', 'f', 'r', 'b', 'l', 'o', 'b', 0, 1, 0, 0, 0,
	};
	static const unsigned char rest[] = {
		0, 0, 64, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0,
		0, 80, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0, 0, 0, 0,
	};

	EXPECT_EQ(0, memcmp(self->blob, start, sizeof(start)));
	EXPECT_EQ(0, memcmp(self->blob + 16, rest, sizeof(rest)));
}

TEST_F(handover, a_damaged_blob_changes_nothing)
{
	struct mfr_region *to = scene_region(self->context, 1024);
	int64_t i;
	int bit;

	for (i = 0; i < self->length; i++)
		EXPECT_NE(0, mfr_region_merge(to, self->blob, i));
	for (i = 0; i < self->length; i++)
		for (bit = 0; bit < 8; bit++) {
			self->blob[i] ^= 1 << bit;
			EXPECT_NE(0, mfr_region_merge(to, self->blob, self->length));
			self->blob[i] ^= 1 << bit;
		}
	EXPECT_EQ(0, mfr_ledger_lost_bytes(mfr_region_ledger(to)));
}

TEST_F(handover, each_wrong_blob_has_its_error)
{
	struct mfr_region *to = scene_region(self->context, 512);

	EXPECT_EQ(-ESTALE, mfr_region_merge(to, self->blob, self->length));
	EXPECT_EQ(-EMSGSIZE, mfr_region_merge(to, self->blob, self->length - 16));
	EXPECT_EQ(-EMSGSIZE, mfr_region_merge(to, self->blob, 0));
	EXPECT_EQ(-EFAULT, mfr_region_merge(to, NULL, 40));
	EXPECT_EQ(-EFAULT, mfr_region_merge(NULL, self->blob, 40));
	self->blob[50] ^= 1;
	EXPECT_EQ(-EBADMSG, mfr_region_merge(to, self->blob, self->length));
	self->blob[8] = 2;
	EXPECT_EQ(-EPROTONOSUPPORT, mfr_region_merge(to, self->blob, self->length));
	self->blob[0] = 'M';
	EXPECT_EQ(-EBADMSG, mfr_region_merge(to, self->blob, self->length));
}

TEST_F(handover, a_blob_without_all_of_its_header_is_too_short)
{
	struct mfr_region *to = scene_region(self->context, 1024);
	int i;

	for (i = 0; i < 40; i++)
		EXPECT_EQ(-EMSGSIZE, mfr_region_merge(to, self->blob, i));
}

TEST_F(handover, a_blob_of_no_range_is_its_header)
{
	struct mfr_region *from, *to;
	char blob[40];

	mfr_region_destroy(self->region);
	from = scene_region(self->context, 8);
	to = scene_region(self->context, 8);
	EXPECT_EQ(-ENOSPC, mfr_ledger_encode(mfr_region_ledger(from), blob, 39));
	ASSERT_EQ(40, mfr_ledger_encode(mfr_region_ledger(from), blob, 40));
	EXPECT_EQ(0, mfr_region_merge(to, blob, 40));
}

TEST_F(handover, a_blob_fits_into_its_size)
{
	const struct mfr_ledger *l = mfr_region_ledger(self->region);
	char again[88];

	EXPECT_EQ(88, mfr_ledger_encode(l, again, 88));
	EXPECT_EQ(0, memcmp(self->blob, again, 88));
}

/* The fixture's blob has the ranges 0+1, 5+3 and 1023+1 pages. */
TEST_F(handover, ranges_that_cannot_be_are_refused)
{
	static const struct {
		int at;			/* a field of the blob */
		uint64_t value;
	} wrong[] = {
		{ 24, 2 * PAGE },	/* page size */
		{ 40, 1 },		/* not aligned */
		{ 48, 0 },		/* empty */
		{ 48, 1 },		/* not whole pages */
		{ 48, 5 * PAGE },	/* touches the next */
		{ 40, 6 * PAGE },	/* not in order */
		{ 48, 8 * PAGE },	/* overlaps */
		{ 72, 1024 * PAGE },	/* past the end */
		{ 80, 2 * PAGE },	/* ends past the end */
		{ 80, -PAGE },		/* wraps */
	};
	struct mfr_region *to = scene_region(self->context, 1024);
	char forged[1000];
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		memcpy(forged, self->blob, self->length);
		memcpy(forged + wrong[i].at, &wrong[i].value, 8);
		make_checksum_right((uint8_t *)forged, self->length);
		EXPECT_EQ(-EBADMSG, mfr_region_merge(to, forged, self->length));
	}
	memcpy(forged, self->blob, self->length);
	make_checksum_right((uint8_t *)forged, self->length);
	EXPECT_EQ(0, memcmp(forged, self->blob, self->length));
	EXPECT_EQ(0, mfr_ledger_lost_bytes(mfr_region_ledger(to)));
}

TEST_F(handover, a_successor_has_memory_and_ledger)
{
	struct mfr_region *r;

	strcpy(mfr_region_address(self->region) + 2 * PAGE, "still here");
	ASSERT_EQ(0, mfr_region_send(self->region, self->pair[0]));
	ASSERT_EQ(0, mfr_region_receive(self->context, self->pair[1], NULL, &r));
	EXPECT_STREQ("still here", (char *)mfr_region_address(r) + 2 * PAGE);
	EXPECT_EQ(5 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(r)));
	EXPECT_EQ(0, mfr_ledger_is_clean(mfr_region_ledger(r), 6 * PAGE, 1));
}

TEST_F(handover, a_broken_sender_is_survived)
{
	struct mfr_region *r;

	EXPECT_EQ(-EFAULT, mfr_region_receive(self->context, self->pair[1], NULL, NULL));
	EXPECT_EQ(-EBADF, mfr_region_receive(self->context, -1, NULL, &r));
	EXPECT_EQ(-EBADF, mfr_region_send(self->region, -1));
	EXPECT_EQ(-EFAULT, mfr_region_send(NULL, self->pair[0]));
	ASSERT_EQ(8, write(self->pair[0], "12345678", 8));
	EXPECT_EQ(-EBADMSG, mfr_region_receive(self->context, self->pair[1], NULL, &r));
	close(self->pair[0]);
	EXPECT_EQ(-ECONNRESET, mfr_region_receive(self->context, self->pair[1], NULL, &r));
	EXPECT_EQ(-EPIPE, mfr_region_send(self->region, self->pair[1]));
}

/* What is lost between the call of send and the sender's end is known, too. */
TEST_F(handover, a_successor_hears_of_the_last_errors)
{
	struct mfr_region *r;

	ASSERT_EQ(0, mfr_region_send(self->region, self->pair[0]));
	ASSERT_EQ(0, mfr_region_receive(self->context, self->pair[1], NULL, &r));
	mfr_region_mark(self->region, 100 * PAGE, 2 * PAGE);
	EXPECT_EQ(1, mfr_ledger_is_clean(mfr_region_ledger(r), 100 * PAGE, PAGE));
	mfr_region_destroy(self->region);
	EXPECT_EQ(2, mfr_region_sync(r));
	EXPECT_EQ(7 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(r)));
	EXPECT_EQ(0, mfr_region_sync(r));
}

/* What the receiver has replaced is not lost again because it once was. */
TEST_F(handover, what_was_replaced_stays_clean)
{
	struct mfr_region *r;

	ASSERT_EQ(0, mfr_region_send(self->region, self->pair[0]));
	ASSERT_EQ(0, mfr_region_receive(self->context, self->pair[1], NULL, &r));
	EXPECT_EQ(0, mfr_region_replace(r, 6 * PAGE));
	EXPECT_EQ(0, mfr_region_sync(r));
	EXPECT_EQ(1, mfr_ledger_is_clean(mfr_region_ledger(r), 6 * PAGE, PAGE));
	mfr_region_mark(self->region, 9 * PAGE, 1);
	EXPECT_EQ(1, mfr_region_sync(r));
	EXPECT_EQ(1, mfr_ledger_is_clean(mfr_region_ledger(r), 6 * PAGE, PAGE));
}

static _Atomic bool ends;

/* As a hostile sender may, in the file that both share. */
static void *flip(void *arg)
{
	struct mfr_region *r = arg;

	while (!ends) {
		mfr_ledger_clear(r->ledger, 0, PAGE);
		mfr_ledger_mark(r->ledger, 0, PAGE);
	}
	return NULL;
}

TEST_F(handover, a_ledger_that_changes_is_survived)
{
	struct mfr_region *r;
	pthread_t thread;
	int i;

	ASSERT_EQ(0, mfr_region_send(self->region, self->pair[0]));
	ASSERT_EQ(0, mfr_region_receive(self->context, self->pair[1], NULL, &r));
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, self->region));
	for (i = 0; i < 20000; i++)
		EXPECT_LE((uint64_t)mfr_region_sync(r), 1);
	ends = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(5 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(r)));
}

/* Who wants to know its peer gets its credentials with the descriptors. */
TEST_F(handover, a_receiver_may_ask_who_sends)
{
	const int yes = 1;
	struct mfr_region *r;

	setsockopt(self->pair[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes));
	ASSERT_EQ(0, mfr_region_send(self->region, self->pair[0]));
	EXPECT_EQ(0, mfr_region_receive(self->context, self->pair[1], NULL, &r));
}

static void *send_it(void *arg)
{
	FIXTURE_DATA(handover) *self = arg;

	return (void *)(intptr_t)mfr_region_send(self->region, self->pair[0]);
}

/* Half of 4,096 pages: a blob of 32 KiB, more than the socket takes at once. */
TEST_F(handover, a_socket_that_does_not_block_is_waited_for)
{
	const int little = 4096;
	pthread_t thread;
	struct mfr_region *r;
	void *err;
	int i;

	mfr_region_destroy(self->region);
	self->region = scene_region(self->context, 4096);
	for (i = 0; i < 4096; i += 2)
		mfr_region_mark(self->region, i * PAGE, PAGE);
	for (i = 0; i < 2; i++) {
		fcntl(self->pair[i], F_SETFL, O_NONBLOCK);
		setsockopt(self->pair[i], SOL_SOCKET, SO_SNDBUF, &little,
			   sizeof(little));
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, send_it, self));
	ASSERT_EQ(0, mfr_region_receive(self->context, self->pair[1], NULL, &r));
	pthread_join(thread, &err);
	EXPECT_EQ(NULL, err);
	EXPECT_EQ(2048 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(r)));
}

/* These bytes with these descriptors. */
static ssize_t send_forged_bytes(int socket, const int *fds, size_t count,
				 const void *bytes, size_t size)
{
	char control[CMSG_SPACE(16 * sizeof(int))] = "";
	struct iovec data = { (void *)bytes, size };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	return sendmsg(socket, &message, 0);
}

/* All that a sender sends, to pass it on in other pieces. */
struct relay {
	int out;
	int fds[2];
	char bytes[1000];
	size_t size;
};

static void read_message(struct relay *relay, int socket)
{
	char control[CMSG_SPACE(sizeof(relay->fds))];
	struct iovec data = { relay->bytes, sizeof(relay->bytes) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t more;

	relay->size = recvmsg(socket, &message, 0);
	memcpy(relay->fds, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(relay->fds));
	while ((more = recv(socket, relay->bytes + relay->size,
			    sizeof(relay->bytes) - relay->size, MSG_DONTWAIT)) > 0)
		relay->size += more;
}

/* Until the receiver has taken what was sent. */
static void await_taken(int socket)
{
	int left = 1;

	while (!ioctl(socket, SIOCOUTQ, &left) && left)
		sched_yield();
}

static void *send_bytes(void *arg)
{
	const struct relay *relay = arg;
	size_t i;

	send_forged_bytes(relay->out, relay->fds, 2, relay->bytes, 1);
	for (i = 1; i < relay->size; i++) {
		await_taken(relay->out);
		if (send(relay->out, relay->bytes + i, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	close(relay->out);
	return NULL;
}

/* Pass on the first @size bytes, each as soon as that before it was taken. */
static int receive_bytes(struct mfr_context *c, struct relay *relay, size_t size,
			 struct mfr_region **r)
{
	pthread_t thread;
	int err, pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	relay->out = pair[0];
	relay->size = size;
	if (pthread_create(&thread, NULL, send_bytes, relay))
		return 1;
	err = mfr_region_receive(c, pair[1], NULL, r);
	close(pair[1]);
	pthread_join(thread, NULL);
	return err;
}

TEST_F(handover, a_byte_at_a_time_arrives)
{
	struct relay relay;
	struct mfr_region *r;

	ASSERT_EQ(0, mfr_region_send(self->region, self->pair[0]));
	read_message(&relay, self->pair[1]);
	ASSERT_EQ(8 + self->length, relay.size);
	ASSERT_EQ(0, receive_bytes(self->context, &relay, relay.size, &r));
	EXPECT_EQ(5 * PAGE, mfr_ledger_lost_bytes(mfr_region_ledger(r)));
	EXPECT_EQ(0, mfr_ledger_is_clean(mfr_region_ledger(r), 6 * PAGE, 1));
}

TEST_F(handover, a_sender_that_ends_early_is_noticed)
{
	const size_t whole = 8 + self->length;
	struct mfr_region *r = NULL;
	struct relay relay;
	size_t size;

	ASSERT_EQ(0, mfr_region_send(self->region, self->pair[0]));
	read_message(&relay, self->pair[1]);
	for (size = 1; size < whole; size++)
		EXPECT_EQ(-ECONNRESET,
			  receive_bytes(self->context, &relay, size, &r));
	EXPECT_EQ(NULL, r);
}

TEST_F(handover, a_sender_that_sends_nothing_is_noticed)
{
	struct mfr_region *r = NULL;

	close(self->pair[0]);
	EXPECT_EQ(-ECONNRESET,
		  mfr_region_receive(self->context, self->pair[1], NULL, &r));
	EXPECT_EQ(NULL, r);
}

/* Whoever sets one wants it. */
TEST_F(handover, a_timeout_is_kept)
{
	const struct timeval soon = { .tv_usec = 10000 };
	struct mfr_region *r;

	setsockopt(self->pair[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	EXPECT_EQ(-EAGAIN,
		  mfr_region_receive(self->context, self->pair[1], NULL, &r));
}

/* A ledger takes memory in proportion to what a stranger says. */
TEST_F(handover, a_receiver_has_a_limit)
{
	struct mfr_import_options o = {
		.size = sizeof(o), .max_bytes = 1023 * PAGE, .value = &o,
	};
	struct mfr_region *r;
	int i, pair[2];

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		ASSERT_EQ(0, mfr_region_send(self->region, pair[0]));
		EXPECT_EQ(i ? 0 : -EFBIG,
			  mfr_region_receive(self->context, pair[1], &o, &r));
		o.max_bytes += PAGE;
	}
	EXPECT_EQ(&o, mfr_region_value(r));
	o.size = 8;
	EXPECT_EQ(-EINVAL, mfr_region_receive(self->context, pair[1], &o, &r));
}

/* Like mfr_region_send(), but with a wrong length or wrong descriptors. */
static void send_forged(int socket, const int *fds, size_t count,
			uint64_t length, const char *blob)
{
	if (send_forged_bytes(socket, fds, count, &length, sizeof(length)) ==
	    sizeof(length) && blob)
		send(socket, blob, length, 0);
}

static int receive_forged(struct mfr_context *c, const int *fds, size_t count,
			  uint64_t length, const char *blob)
{
	int pair[2], err, before = dup(0), after;
	struct mfr_region *r;

	close(before);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	send_forged(pair[0], fds, count, length, blob);
	close(pair[0]);
	err = mfr_region_receive(c, pair[1], NULL, &r);
	close(pair[1]);
	after = dup(0);
	close(after);
	return after == before ? err : 2;	/* leaked a descriptor */
}

/* Every blob is valid, but length, descriptors, size and seals are checked. */
TEST_F(handover, a_forged_sender_is_survived)
{
	int open_file = memfd_create("unsealed", MFD_ALLOW_SEALING);
	struct mfr_region *small = scene_region(self->context, 512);
	int fds[16], i, ledger = mfr_region_ledger_fd(small);
	int unsealed[] = { open_file, ledger };
	int no_memfd[] = { mfr_event_fd(self->context), ledger };
	int no_ledger[] = { mfr_region_fd(small), mfr_region_fd(small) };
	int others_ledger[] = { mfr_region_fd(small),
				dup(mfr_region_ledger_fd(self->region)) };

	for (i = 0; i < 16; i++)
		fds[i] = i % 2 ? ledger : mfr_region_fd(small);
	ASSERT_EQ(0, ftruncate(open_file, 1024 * PAGE));
	/* Make room for another region in the context */
	mfr_region_destroy(self->region);
	EXPECT_EQ(-EPERM, receive_forged(self->context, unsealed, 2,
					 self->length, self->blob));
	EXPECT_EQ(-EMEDIUMTYPE, receive_forged(self->context, no_memfd, 2,
					       self->length, self->blob));
	EXPECT_EQ(-EBADMSG, receive_forged(self->context, no_ledger, 2,
					   self->length, self->blob));
	EXPECT_EQ(-EBADMSG, receive_forged(self->context, others_ledger, 2,
					   self->length, self->blob));
	EXPECT_EQ(-ESTALE, receive_forged(self->context, fds, 2, self->length,
					  self->blob));
	EXPECT_EQ(-EMSGSIZE, receive_forged(self->context, fds, 2, 39, NULL));
	EXPECT_EQ(-EMSGSIZE, receive_forged(self->context, fds, 2, 1ULL << 40, NULL));
	EXPECT_EQ(-ECONNRESET, receive_forged(self->context, fds, 2, 88, NULL));
	EXPECT_EQ(-EBADMSG, receive_forged(self->context, fds, 1, self->length,
					   self->blob));
	EXPECT_EQ(-EBADMSG, receive_forged(self->context, fds, 3, self->length,
					   self->blob));
	EXPECT_EQ(-EBADMSG, receive_forged(self->context, fds, 16, self->length,
					   self->blob));
}

/* 16 TiB of nothing, which is more than this machine has. */
TEST_F(handover, no_larger_than_the_machine_by_itself)
{
	int fds[] = { memfd_create("sparse", MFD_ALLOW_SEALING),
		      mfr_region_ledger_fd(self->region) };

	ASSERT_EQ(0, ftruncate(fds[0], 1LL << 44));
	ASSERT_EQ(0, fcntl(fds[0], F_ADD_SEALS, F_SEAL_SHRINK));
	EXPECT_EQ(-EFBIG, receive_forged(self->context, fds, 2, self->length,
					 self->blob));
}

TEST_HARNESS_MAIN
