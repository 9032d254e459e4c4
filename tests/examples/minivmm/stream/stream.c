// SPDX-License-Identifier: GPL-2.0-only
/*
 * minivmm's migration stream on the host: a region of small pages, some of which are
 * marked as lost, is sent, and the stream is recorded.  The recorded bytes are then
 * received, as they are and spoilt.  Prints "ok - RULE" and "not ok - RULE".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "migrate.h"

#define PAGE		4096
#define RAM_PAGES	600		/* more than a chunk */
#define RAM		(RAM_PAGES * (uint64_t)PAGE)
#define STREAM_MAX	(RAM + (1 << 16))

static const struct mfr_range lost[] = {
	{ 0, PAGE }, { 7 * PAGE, 3 * PAGE }, { 300 * PAGE, PAGE }, { RAM - PAGE, PAGE },
};

enum { LOST_RANGES = sizeof(lost) / sizeof(lost[0]) };

static struct mfr_context *context;
static struct mfr_region *source;
static struct cpu_state state;
static char recorded[STREAM_MAX], spoilt[STREAM_MAX];
static size_t recorded_bytes;

static void __attribute__((noreturn)) die(const char *what)
{
	perror(what);
	exit(2);
}

static void check(bool passed, const char *rule)
{
	printf("%sok - the stream: %s\n", passed ? "" : "not ", rule);
	fflush(stdout);
}

static struct mfr_region *create(void)
{
	struct mfr_region_options o = { .size = sizeof(o), .bytes = RAM };
	struct mfr_region *region;

	if (mfr_region_create(context, &o, &region))
		die("create a region");
	return region;
}

static void fill(void)
{
	char *at = mfr_region_address(source);
	uint64_t i;

	for (i = 0; i < RAM; i += 8)
		*(uint64_t *)(at + i) = i * 0x9e3779b97f4a7c15;
	for (i = 0; i < LOST_RANGES; i++) {
		memset(at + lost[i].offset, 0xee, lost[i].length);
		mfr_region_mark(source, lost[i].offset, lost[i].length);
	}
	memset(&state, 0x5a, sizeof(state));
}

/* A child that does what @function does with one end of a connection. */
static pid_t other_end(void (*function)(int fd), int *fd)
{
	int pair[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		die("socketpair");
	child = fork();
	if (child < 0)
		die("fork");
	if (!child) {
		close(pair[0]);
		function(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	*fd = pair[0];
	return child;
}

static int status_of(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child)
		die("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void send_source(int fd)
{
	_exit(-migrate_send(fd, source, &state));
}

static size_t read_stream(int fd, char *to, size_t limit)
{
	size_t bytes = 0;
	ssize_t got = 1;

	while (bytes < limit && got > 0) {
		got = recv(fd, to + bytes, limit - bytes, 0);
		if (got > 0)
			bytes += got;
	}
	return bytes;
}

/* Its length follows from what is lost. */
static size_t stream_bytes(void)
{
	size_t bytes = sizeof(struct stream_head);

	while (bytes < recorded_bytes - sizeof(state)) {
		const struct stream_range *r = (void *)(recorded + bytes);

		bytes += sizeof(*r) + (r->kind == STREAM_MEMORY ? r->bytes : 0);
	}
	return bytes + sizeof(state);
}

static void record(void)
{
	const struct timeval second = { .tv_sec = 1 };
	char word[sizeof("go\n")];
	int fd;
	pid_t child = other_end(send_source, &fd);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	recorded_bytes = read_stream(fd, recorded, STREAM_MAX);
	check(recorded_bytes == stream_bytes(), "it ends with the CPU's state");
	send(fd, "taken\n", sizeof("taken\n"), MSG_NOSIGNAL);
	check(read_stream(fd, word, sizeof(word)) == sizeof(word) && !strcmp(word, "go\n"),
	      "the source lets go when it is taken");
	check(!status_of(child), "the source has sent it");
	close(fd);
}

/* The other end reads so much, sends a word, and is gone. */
static bool source_keeps_it(size_t read_first, const char *word)
{
	int fd, status;
	pid_t child = other_end(send_source, &fd);

	read_stream(fd, spoilt, read_first);
	send(fd, word, strlen(word), MSG_NOSIGNAL);
	close(fd);
	status = status_of(child);
	if (status == ECONNRESET || status == EPIPE || (status == EBADMSG && *word))
		return true;
	printf("# %zu bytes read: status %d\n", read_first, status);
	return false;
}

static size_t played_bytes;

static void play(int fd)
{
	size_t at = 0;
	ssize_t sent;

	while (at < played_bytes) {
		sent = send(fd, spoilt + at, played_bytes - at, MSG_NOSIGNAL);
		if (sent <= 0)
			_exit(1);
		at += sent;
	}
}

/* Returns migrate_receive()'s result; its message is @said. */
static int receive(struct mfr_region *to, struct cpu_state *into, char *said, size_t size)
{
	int out = dup(STDERR_FILENO), fd, ret;
	FILE *file = tmpfile();
	pid_t child;

	if (!file)
		die("tmpfile");
	child = other_end(play, &fd);
	dup2(fileno(file), STDERR_FILENO);
	ret = migrate_receive(fd, to, into);
	dup2(out, STDERR_FILENO);
	close(out);
	close(fd);
	status_of(child);
	rewind(file);
	said[fread(said, 1, size - 1, file)] = '\0';
	fclose(file);
	return ret;
}

static void unspoil(void)
{
	memcpy(spoilt, recorded, recorded_bytes);
	played_bytes = recorded_bytes;
}

static bool same_ledger(const struct mfr_ledger *ledger)
{
	struct mfr_range r = { 0 };
	size_t n = 0;

	while (mfr_ledger_next_lost(ledger, r.offset + r.length, &r) == 1) {
		if (n == LOST_RANGES || memcmp(&r, &lost[n], sizeof(r)))
			return false;
		n++;
	}
	return n == LOST_RANGES;
}

static bool same_memory(struct mfr_region *to)
{
	const char *a = mfr_region_address(source), *b = mfr_region_address(to);
	struct mfr_range r = { 0 };

	while (mfr_ledger_next_clean(mfr_region_ledger(to), r.offset + r.length, &r) == 1)
		if (memcmp(a + r.offset, b + r.offset, r.length))
			return false;
	return true;
}

static void arrives(void)
{
	struct mfr_region *to = create();
	struct cpu_state into;
	char said[200];

	unspoil();
	check(!receive(to, &into, said, sizeof(said)), "it is received");
	check(same_ledger(mfr_region_ledger(to)), "the destination lists what is lost");
	check(same_memory(to), "all other memory arrives");
	check(!memcmp(&state, &into, sizeof(state)), "the CPU's state arrives");
	check(!memmem(recorded, recorded_bytes, mfr_region_address(source), PAGE),
	      "lost pages are not sent");
	mfr_region_destroy(to);
}

static bool refused(const char *words)
{
	struct mfr_region *to = create();
	struct cpu_state into;
	char said[200];
	int ret = receive(to, &into, said, sizeof(said));

	mfr_region_destroy(to);
	if (ret == -1 && strstr(said, "the guest is refused: ") && strstr(said, words))
		return true;
	printf("# %d, not '%s': %s\n", ret, words, said);
	return false;
}

static void cut(void)
{
	size_t at, step = 1;
	bool all = true;

	unspoil();
	for (at = 0; at < recorded_bytes && all; at += step) {
		played_bytes = at;
		all = refused("the stream ends before the end of its ");
		step = at < 200 ? 13 : 99991;
	}
	played_bytes = recorded_bytes - 1;
	check(all && refused("CPU's state"), "cut anywhere, it is refused");
}

static struct stream_head *head(void)
{
	unspoil();
	return (struct stream_head *)spoilt;
}

static void other_heads(void)
{
	head()->magic[0] = 'M';
	check(refused("not a stream of minivmm"), "another magic is refused");
	head()->version = 2;
	check(refused("is of version 2, not 1"), "another version is refused");
	head()->ram_bytes += PAGE;
	check(refused("bytes of memory, not "), "memory of another size is refused");
	head()->state_bytes--;
	check(refused("CPU's state has "), "another state of the CPU is refused");
}

/* The first two: what is lost at 0, and memory. */
static struct stream_range *range(int n)
{
	unspoil();
	return (struct stream_range *)(spoilt + sizeof(struct stream_head)) + n;
}

static void other_ranges(void)
{
	range(0)->offset = RAM;
	check(refused("not in its memory"), "a range after the memory is refused");
	range(1)->bytes = -PAGE;
	check(refused("not in its memory"), "a range that wraps is refused");
	range(0)->bytes = RAM + PAGE;
	check(refused("not in its memory"), "a range longer than the memory is refused");
	range(0)->offset = PAGE;
	check(refused("0x1000 comes where that at 0x0 is due"), "a gap is refused");
	range(1)->offset = 0;
	check(refused("0x0 comes where that at 0x1000 is due"), "an overlap is refused");
	range(0)->bytes = 0;
	check(refused("not whole pages"), "an empty range is refused");
	range(0)->bytes = PAGE - 1;
	check(refused("not whole pages"), "part of a page is refused");
	range(1)->kind = 3;
	check(refused("unknown kind 3"), "another kind of memory is refused");
}

static void broken_connections(void)
{
	bool all = true;
	size_t at;

	for (at = 0; at < recorded_bytes && all; at += recorded_bytes / 9)
		all = source_keeps_it(at, "");
	check(all, "the source keeps the guest if the connection breaks off");
	check(source_keeps_it(recorded_bytes, "other\n"),
	      "the source keeps the guest if it is not taken");
}

int main(void)
{
	if (mfr_context_create(NULL, &context))
		die("create a context");
	source = create();
	fill();
	record();
	arrives();
	cut();
	other_heads();
	other_ranges();
	broken_connections();
	return 0;
}
