// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "migrate.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire.h"

#define CHUNK_BYTES		(1 << 20)
#define PATIENCE_SECONDS	30	/* per send or receive */

static const char taken[] = "taken\n", go[] = "go\n";

static void be_patient(int fd)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static int open_socket(const char *path, struct sockaddr_un *address)
{
	int fd;

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

int migrate_connect(const char *path)
{
	struct sockaddr_un address;
	int fd = open_socket(path, &address), ret;

	if (fd < 0)
		return fd;
	be_patient(fd);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static int accept_one(int fd)
{
	int ret = listen(fd, 1);

	if (!ret)
		ret = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	if (ret < 0)
		return -errno;
	be_patient(ret);
	return ret;
}

int migrate_accept(const char *path)
{
	struct sockaddr_un address;
	int fd = open_socket(path, &address), ret;

	if (fd < 0)
		return fd;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		ret = -errno;
	} else {
		ret = accept_one(fd);
		unlink(path);
	}
	close(fd);
	return ret;
}

static int send_all(int fd, const void *data, size_t bytes)
{
	const char *from = data;

	while (bytes) {
		ssize_t sent = send(fd, from, bytes, MSG_NOSIGNAL);

		if (sent < 0 && errno != EINTR)
			return -errno;
		if (sent > 0) {
			from += sent;
			bytes -= sent;
		}
	}
	return 0;
}

static int receive_all(int fd, void *data, size_t bytes)
{
	char *to = data;

	while (bytes) {
		ssize_t got = recv(fd, to, bytes, 0);

		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			return -ECONNRESET;
		if (got > 0) {
			to += got;
			bytes -= got;
		}
	}
	return 0;
}

static int send_range(int fd, enum stream_kind kind, struct mfr_range r)
{
	const struct stream_range range = { kind, r.offset, r.length };

	return send_all(fd, &range, sizeof(range));
}

/*
 * Send one range that begins at @offset.  mfr_read() does not touch what the ledger
 * lists, and adds what it finds lost in addition: then it ends early, maybe in the
 * middle of a page.
 */
static int send_next(int fd, struct mfr_region *ram, uint64_t offset, struct mfr_range *sent)
{
	static char buffer[CHUNK_BYTES];
	uint64_t rest = mfr_region_bytes(ram) - offset;
	int64_t n = mfr_read(ram, offset, buffer, rest < CHUNK_BYTES ? rest : CHUNK_BYTES);
	int ret;

	if (n < 0 && n != -EHWPOISON)
		return (int)n;
	if (n < PAGE_BYTES && mfr_ledger_next_lost(mfr_region_ledger(ram), offset, sent) == 1 &&
	    sent->offset == offset)
		return send_range(fd, STREAM_LOST, *sent);
	*sent = (struct mfr_range){ offset, n < PAGE_BYTES ? 0 : n / PAGE_BYTES * PAGE_BYTES };
	if (!sent->length)
		return 0;	/* the next page is lost, and listed now: read again */
	ret = send_range(fd, STREAM_MEMORY, *sent);
	return ret ? ret : send_all(fd, buffer, sent->length);
}

static int send_memory(int fd, struct mfr_region *ram)
{
	struct mfr_range sent = { 0 };
	uint64_t at;
	int ret = 0;

	for (at = 0; !ret && at < mfr_region_bytes(ram); at += sent.length)
		ret = send_next(fd, ram, at, &sent);
	return ret;
}

static int wait_until_taken(int fd)
{
	char word[sizeof(taken)];
	int ret = receive_all(fd, word, sizeof(word));

	if (ret)
		return ret;
	return memcmp(word, taken, sizeof(taken)) ? -EBADMSG : 0;
}

int migrate_send(int fd, struct mfr_region *ram, const struct cpu_state *state)
{
	const struct stream_head head = {
		.magic = STREAM_MAGIC, .version = STREAM_VERSION,
		.state_bytes = sizeof(*state), .ram_bytes = mfr_region_bytes(ram),
	};
	int ret = send_all(fd, &head, sizeof(head));

	if (!ret)
		ret = send_memory(fd, ram);
	if (!ret)
		ret = send_all(fd, state, sizeof(*state));
	if (!ret)
		ret = wait_until_taken(fd);
	if (!ret)
		ret = send_all(fd, go, sizeof(go));
	return ret;
}

static int __attribute__((format(printf, 1, 2))) refuse(const char *format, ...)
{
	char why[160];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	warnx("the guest is refused: %s", why);
	return -1;
}

static int take(int fd, void *data, size_t bytes, const char *what)
{
	int ret = receive_all(fd, data, bytes);

	if (ret == -ECONNRESET)
		return refuse("the stream ends before the end of its %s", what);
	return ret ? refuse("cannot receive its %s: %s", what, strerror(-ret)) : 0;
}

static int receive_head(int fd, struct mfr_region *ram)
{
	struct stream_head head;

	if (take(fd, &head, sizeof(head), "head"))
		return -1;
	if (memcmp(head.magic, STREAM_MAGIC, sizeof(head.magic)))
		return refuse("this is not a stream of minivmm");
	if (head.version != STREAM_VERSION)
		return refuse("the stream is of version %" PRIu32 ", not %d",
			      head.version, STREAM_VERSION);
	if (head.state_bytes != sizeof(struct cpu_state))
		return refuse("its CPU's state has %" PRIu32 " bytes, not %zu",
			      head.state_bytes, sizeof(struct cpu_state));
	if (head.ram_bytes != mfr_region_bytes(ram))
		return refuse("it has %" PRIu64 " bytes of memory, not %" PRIu64,
			      head.ram_bytes, mfr_region_bytes(ram));
	return 0;
}

/* Ranges have to be in order and without gaps: no memory stays as it was here. */
static int check_range(const struct stream_range *r, uint64_t expected, uint64_t ram_bytes)
{
	if (r->offset >= ram_bytes || r->bytes > ram_bytes - r->offset)
		return refuse("0x%" PRIx64 " bytes at 0x%" PRIx64 " are not in its memory",
			      r->bytes, r->offset);
	if (r->offset != expected)
		return refuse("memory at 0x%" PRIx64 " comes where that at 0x%" PRIx64 " is due",
			      r->offset, expected);
	if (!r->bytes || r->bytes % PAGE_BYTES)
		return refuse("0x%" PRIx64 " bytes at 0x%" PRIx64 " are not whole pages",
			      r->bytes, r->offset);
	if (r->kind != STREAM_MEMORY && r->kind != STREAM_LOST)
		return refuse("memory of unknown kind %" PRIu64 " at 0x%" PRIx64,
			      r->kind, r->offset);
	return 0;
}

static int receive_range(int fd, struct mfr_region *ram, uint64_t offset, uint64_t *bytes)
{
	struct stream_range r;

	if (take(fd, &r, sizeof(r), "memory") ||
	    check_range(&r, offset, mfr_region_bytes(ram)))
		return -1;
	*bytes = r.bytes;
	if (r.kind == STREAM_MEMORY)
		return take(fd, (char *)mfr_region_address(ram) + offset, r.bytes, "memory");
	mfr_region_mark(ram, r.offset, r.bytes);
	return 0;
}

int migrate_receive(int fd, struct mfr_region *ram, struct cpu_state *state)
{
	uint64_t at, bytes;

	if (receive_head(fd, ram))
		return -1;
	for (at = 0; at < mfr_region_bytes(ram); at += bytes)
		if (receive_range(fd, ram, at, &bytes))
			return -1;
	return take(fd, state, sizeof(*state), "CPU's state");
}

int migrate_confirm(int fd)
{
	char word[sizeof(go)];
	int ret = send_all(fd, taken, sizeof(taken));

	if (ret)
		return refuse("the source is gone: %s", strerror(-ret));
	if (take(fd, word, sizeof(word), "last word"))
		return -1;
	return memcmp(word, go, sizeof(go)) ? refuse("its last word is not \"go\"") : 0;
}
