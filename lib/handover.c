// SPDX-License-Identifier: MIT
/*
 * On the socket: the blob's length (64 bits, little-endian) together with memfd
 * and ledger, then the blob.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blob.h"
#include "context.h"
#include "fdinfo.h"
#include "page.h"
#include "region.h"

#define FDS	2	/* memfd, ledger */
#define FDS_MAX	8	/* more than two are wrong, but must not leak */

/* With room for what a receiver may have asked for: SO_PASSCRED, SO_PASSSEC. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int)) + 512];
};

/*
 * After a call that failed: 0 if it is to be made again. On a socket that blocks,
 * EAGAIN is the end of a timeout that the caller has set.
 */
static int wait_for(int socket, short events)
{
	struct pollfd fd = { .fd = socket, .events = events };
	int err = errno;

	if (err == EINTR)
		return 0;
	if (err != EAGAIN || !(fcntl(socket, F_GETFL) & O_NONBLOCK))
		return -err;
	return poll(&fd, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int send_all(int socket, const char *data, size_t size)
{
	while (size) {
		ssize_t sent = send(socket, data, size, MSG_NOSIGNAL);
		int err = sent < 0 ? wait_for(socket, POLLOUT) : 0;

		if (err)
			return err;
		if (sent > 0) {
			data += sent;
			size -= sent;
		}
	}
	return 0;
}

static int receive_all(int socket, char *data, size_t size)
{
	while (size) {
		ssize_t got = recv(socket, data, size, 0);
		int err = got < 0 ? wait_for(socket, POLLIN) : 0;

		if (err)
			return err;
		if (!got)
			return -ECONNRESET;
		if (got > 0) {
			data += got;
			size -= got;
		}
	}
	return 0;
}

static int send_start(int socket, const int fds[FDS], uint64_t length)
{
	union control control = { };
	struct iovec data = { &length, sizeof(length) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(FDS * sizeof(*fds)),
	};
	ssize_t sent;
	int err = 0;

	length = htole64(length);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(FDS * sizeof(*fds));
	memcpy(CMSG_DATA(&control.header), fds, FDS * sizeof(*fds));
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
		err = sent < 0 ? wait_for(socket, POLLOUT) : 0;
	} while (sent < 0 && !err);
	if (err)
		return err;
	return send_all(socket, (char *)&length + sent, sizeof(length) - sent);
}

/* Leave room for new ranges: more pages can be lost between the two calls. */
static int64_t save(const struct mfr_ledger *ledger, void **blob)
{
	int64_t size = 0, length = -ENOSPC;

	*blob = NULL;
	while (length == -ENOSPC) {
		free(*blob);
		size = mfr_ledger_encode(ledger, NULL, 0) +
		       16 * MFR_BLOB_RANGE_BYTES;
		*blob = malloc(size);
		if (!*blob)
			return -ENOMEM;
		length = mfr_ledger_encode(ledger, *blob, size);
	}
	return length;
}

int mfr_region_send(const struct mfr_region *region, int socket)
{
	int saved = errno, err = mfr_region_check(region);
	int64_t length;
	int fds[FDS];
	void *blob;

	if (err)
		return err;
	fds[0] = region->fd;
	fds[1] = region->ledger_fd;
	length = save(region->ledger, &blob);
	err = length < 0 ? length : send_start(socket, fds, length);
	if (!err)
		err = send_all(socket, blob, length);
	free(blob);
	errno = saved;
	return err;
}

static void close_fds(const int *fds, unsigned int count)
{
	while (count)
		close(fds[--count]);
}

/* The descriptors if there are exactly so many; otherwise close all: -EBADMSG. */
static int take_descriptors(struct msghdr *message, int fds[FDS])
{
	int all[sizeof(union control) / sizeof(int)] = { -1 };
	unsigned int count = 0, n;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(all + count, CMSG_DATA(c), n * sizeof(int));
		count += n;
	}
	if (count != FDS) {
		close_fds(all, count);
		return count < FDS && message->msg_flags & MSG_CTRUNC ?
			-EMFILE : -EBADMSG;
	}
	memcpy(fds, all, sizeof(all[0]) * FDS);
	return 0;
}

static int receive_start(int socket, uint64_t *length, int fds[FDS])
{
	union control control = { };
	struct iovec data = { length, sizeof(*length) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;
	int err = 0;

	do {
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
		err = got < 0 ? wait_for(socket, POLLIN) : 0;
	} while (got < 0 && !err);
	if (err)
		return err;
	if (!got)
		return -ECONNRESET;
	err = take_descriptors(&message, fds);
	if (err)
		return err;
	err = receive_all(socket, (char *)length + got, sizeof(*length) - got);
	if (err)
		close_fds(fds, FDS);
	*length = le64toh(*length);
	return err;
}

static int receive_blob(struct mfr_region *region, int socket, uint64_t length)
{
	void *blob;
	int err;

	if (length < MFR_BLOB_HEADER_BYTES ||
	    length > mfr_blob_bytes_max(region->bytes))
		return -EMSGSIZE;
	blob = malloc(length);
	if (!blob)
		return -ENOMEM;
	err = receive_all(socket, blob, length);
	if (!err)
		err = mfr_region_merge(region, blob, length);
	free(blob);
	return err;
}

/* By default no larger than what this machine could hold. */
static void limit(struct mfr_import_options *o)
{
	if (!o->max_bytes)
		o->max_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * MFR_PAGE_BYTES;
}

static int open_senders_ledger(struct mfr_region *r, int fd)
{
	int err = mfr_ledger_open(fd, &r->sender), file;

	if (!err && r->sender->bytes != r->bytes)
		err = -EBADMSG;
	if (!err)
		err = mfr_ledger_create(r->bytes, &r->taken, &file);
	if (!err)
		close(file);
	return err;
}

/*
 * Mark each page of the range that was not taken over before: it may have been
 * replaced since.  Returns how many are new on the region's ledger.
 */
static uint64_t take_over(struct mfr_region *r, struct mfr_range range)
{
	uint64_t at, pages = 0;

	for (at = range.offset; at < range.offset + range.length;
	     at += MFR_PAGE_BYTES)
		if (mfr_ledger_mark(r->taken, at, MFR_PAGE_BYTES))
			pages += mfr_ledger_mark(r->ledger, at, MFR_PAGE_BYTES);
	return pages;
}

static uint64_t take_over_all(struct mfr_region *r)
{
	struct mfr_range range = { };
	uint64_t pages = 0;

	while (r->sender &&
	       mfr_ledger_next_lost(r->sender, range.offset + range.length,
				    &range) == 1)
		pages += take_over(r, range);
	return pages;
}

static int receive(struct mfr_context *context, int socket,
		   const struct mfr_import_options *o,
		   struct mfr_region **region)
{
	struct mfr_region *r;
	uint64_t length = 0;
	int fds[FDS], err;

	err = receive_start(socket, &length, fds);
	if (err)
		return err;
	err = mfr_region_import(context, fds[0], o, &r);
	if (!err) {
		err = open_senders_ledger(r, fds[1]);
		if (!err)
			err = receive_blob(r, socket, length);
		if (!err)
			take_over_all(r);
		if (err)
			mfr_region_destroy(r);
		else
			*region = r;
	}
	close_fds(fds, FDS);
	return err;
}

int mfr_region_receive(struct mfr_context *context, int socket,
		       const struct mfr_import_options *options,
		       struct mfr_region **region)
{
	int saved = errno, err = mfr_context_check(context);
	struct mfr_import_options o;

	if (err)
		return err;
	if (!region)
		return -EFAULT;
	err = mfr_region_options(options, &o);
	if (err)
		return err;
	limit(&o);
	err = receive(context, socket, &o, region);
	errno = saved;
	return err;
}

int64_t mfr_region_sync(struct mfr_region *region)
{
	int saved = errno, err = mfr_region_check(region);
	uint64_t pages, listed;

	if (err)
		return err;
	pages = take_over_all(region);
	err = mfr_fdinfo_load(region, &listed);
	errno = saved;
	return err ? err : (int64_t)(pages + listed);
}
