// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "successor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lines.h"

#define PATIENCE_SECONDS	10	/* per send or receive */

static int say(int fd, const char *word)
{
	ssize_t length = strlen(word);

	return send(fd, word, length, MSG_NOSIGNAL) == length ? 0 : -EPIPE;
}

static int expect(int fd, const char *word)
{
	char heard[16] = "";
	ssize_t length = strlen(word);

	if (recv(fd, heard, length, MSG_WAITALL) != length)
		return -ECONNRESET;
	return strcmp(heard, word) ? -EBADMSG : 0;
}

static void be_patient(int fd)
{
	const struct timeval patience = { .tv_sec = PATIENCE_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

/* @fd stays the caller's. */
static FILE *open_stream(int fd, const char *mode)
{
	int copy = dup(fd);
	FILE *stream = copy < 0 ? NULL : fdopen(copy, mode);

	if (!stream && copy >= 0)
		close(copy);
	return stream;
}

static void send_record(const struct record *r, void *arg)
{
	fprintf(arg, "%" PRIu64 " %" PRIu32 " %s\n", r->offset, r->length, r->key);
}

static int send_index(const struct store *s, int fd)
{
	FILE *stream = open_stream(fd, "w");

	if (!stream)
		return -errno;
	store_each(s, send_record, stream);
	fprintf(stream, "end %" PRIu64 "\n", s->count);
	return fclose(stream) ? -errno : 0;
}

int hand_over(const struct store *store, int fd)
{
	int err;

	be_patient(fd);
	err = mfr_region_send(store->region, fd);
	if (!err)
		err = send_index(store, fd);
	if (!err)
		err = expect(fd, "taken\n");
	if (!err)
		err = say(fd, "bye\n");
	return err;
}

static int take_line(struct store *s, char *line)
{
	uint64_t offset;
	uint32_t length;
	int key = 0;

	if (sscanf(line, "%" SCNu64 " %" SCNu32 " %n", &offset, &length,
		   &key) != 2 || !key)
		return -EBADMSG;
	return store_place(s, line + key, offset, length);
}

/* Those since the old server sent the memory, which only it was told of. */
static int hear_of_last_errors(struct mfr_region *region)
{
	int64_t pages = mfr_region_sync(region);

	return pages < 0 ? (int)pages : 0;
}

int take_over(struct store *store, struct mfr_context *context, int fd)
{
	struct mfr_region *region;
	int err;

	be_patient(fd);
	err = say(fd, "hand-over\n");
	if (!err)
		err = mfr_region_receive(context, fd, NULL, &region);
	if (err)
		return err;
	store_init(store, region);
	err = lines_read(open_stream(fd, "r"), take_line, store);
	if (!err)
		err = say(fd, "taken\n");
	if (!err)
		err = expect(fd, "bye\n");
	if (!err)
		err = hear_of_last_errors(region);
	return err;
}
