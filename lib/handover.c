// SPDX-License-Identifier: MIT
/*
 * On the socket: the blob's length (64 bits, little-endian) together with the
 * memfd, then the blob.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blob.h"
#include "context.h"
#include "region.h"

#define FDS_MAX	8	/* more than one is wrong, but must not leak */

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static int send_all(int socket, const char *data, size_t size)
{
	while (size) {
		ssize_t sent = send(socket, data, size, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -errno;
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

		if (!got)
			return -ECONNRESET;
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0) {
			data += got;
			size -= got;
		}
	}
	return 0;
}

static int send_start(int socket, int fd, uint64_t length)
{
	union control control = { };
	struct iovec data = { &length, sizeof(length) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(fd)),
	};
	ssize_t sent;

	length = htole64(length);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	do {
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return send_all(socket, (char *)&length + sent, sizeof(length) - sent);
}

/* Leave room for new ranges: more pages can be lost between the two calls. */
static int64_t save(const struct mfr_ledger *ledger, void **blob)
{
	int64_t size = 0, length = -ENOSPC;

	*blob = NULL;
	while (length == -ENOSPC) {
		free(*blob);
		size = mfr_ledger_save(ledger, NULL, 0) +
		       16 * MFR_BLOB_RANGE_BYTES;
		*blob = malloc(size);
		if (!*blob)
			return -ENOMEM;
		length = mfr_ledger_save(ledger, *blob, size);
	}
	return length;
}

int mfr_region_send(const struct mfr_region *region, int socket)
{
	int saved = errno, err = mfr_region_check(region);
	int64_t length;
	void *blob;

	if (err)
		return err;
	length = save(region->ledger, &blob);
	err = length < 0 ? length : send_start(socket, region->fd, length);
	if (!err)
		err = send_all(socket, blob, length);
	free(blob);
	errno = saved;
	return err;
}

/* The descriptor if there is exactly one; otherwise close all: -EBADMSG. */
static int only_descriptor(struct msghdr *message)
{
	struct cmsghdr *c;
	int fd = -EBADMSG;
	unsigned int count = 0, i, fds;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < fds; i++) {
			if (count++)
				close(fd);
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
		}
	}
	if (count > 1) {
		close(fd);
		return -EBADMSG;
	}
	return fd;
}

static int receive_start(int socket, uint64_t *length)
{
	union control control = { };
	struct iovec data = { length, sizeof(*length) };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;
	int fd, err;

	do {
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (!got)
		return -ECONNRESET;
	fd = only_descriptor(&message);
	err = receive_all(socket, (char *)length + got, sizeof(*length) - got);
	if (err) {
		if (fd >= 0)
			close(fd);
		return err;
	}
	*length = le64toh(*length);
	return fd;
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
		err = mfr_region_load(region, blob, length);
	free(blob);
	return err;
}

int mfr_region_receive(struct mfr_context *context, int socket,
		       struct mfr_region **region)
{
	int saved = errno, fd, err = mfr_context_check(context);
	struct mfr_region *r;
	uint64_t length = 0;

	if (err)
		return err;
	if (!region)
		return -EFAULT;
	fd = receive_start(socket, &length);
	if (fd < 0) {
		errno = saved;
		return fd;
	}
	err = mfr_region_import(context, fd, 0, &r);
	close(fd);
	if (!err) {
		err = receive_blob(r, socket, length);
		if (err)
			mfr_region_destroy(r);
		else
			*region = r;
	}
	errno = saved;
	return err;
}
