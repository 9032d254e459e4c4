// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kmsg.h"
#include "pattern.h"
#include "pin.h"
#include "polling.h"

struct request {
	enum release_how how;
	size_t pinned;
};

struct birth {
	int err;
	struct hugepage hp;
};

/*
 * Only the first error is judged: a kernel without the policy refuses the
 * others, and what the test asks for is what comes after the release.
 */
static struct birth make(size_t size, const size_t *pages, size_t n,
			 enum error_way way)
{
	struct birth b = { 0 };
	struct sigbus seen;
	size_t i;

	sigbus_catch();
	b.err = kmsg_start();
	if (!b.err)
		b.err = hugepage_create(&b.hp, size);
	if (!b.err && n)
		b.err = error_raise(&b.hp, pages[0] * BASE_PAGE, way, &seen);
	for (i = 1; i < n && !b.err; i++)
		error_raise(&b.hp, pages[i] * BASE_PAGE, way, &seen);
	return b;
}

/* A descriptor that holds a reference to the base page @offset, or -errno. */
static int pin(const struct hugepage *hp, size_t offset, enum release_how how)
{
	char *addr = hp->map + offset;
	long got;
	int fd;

	if (how == RELEASE_PINNED_LONG)
		return pin_long_term(addr, BASE_PAGE);
	pattern_fill(addr, offset, BASE_PAGE);
	got = pin_in_pipe(addr, 1, &fd);
	return got < 0 ? got : fd;
}

/* The bytes of a pinned page are its user's until the pin goes. */
static int unpin(int fd, size_t offset, enum release_how how)
{
	static char data[BASE_PAGE] __attribute__((aligned(4096)));
	int err = 0;

	if (how == RELEASE_PINNED) {
		if (read(fd, data, BASE_PAGE) != BASE_PAGE)
			err = -EIO;
		else if (pattern_check(data, offset, BASE_PAGE) >= 0)
			err = -EILSEQ;
	}
	close(fd);
	return err;
}

static int let_go(struct hugepage *hp, enum release_how how)
{
	int err = 0;

	if (how == RELEASE_TRUNCATE)
		err = ftruncate(hp->fd, 0);
	else if (how == RELEASE_PUNCH)
		err = fallocate(hp->fd,
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				hp->size);
	else
		hugepage_close(hp);
	return err ? -errno : 0;
}

static bool pins(enum release_how how)
{
	return how == RELEASE_PINNED || how == RELEASE_PINNED_LONG;
}

static void obey(struct hugepage *hp, int socket)
{
	struct request r, pinned;
	int err, pin_fd = -1;

	while (recv(socket, &r, sizeof(r), MSG_WAITALL) == sizeof(r)) {
		if (r.how == RELEASE_EXIT)
			_exit(0);
		if (pin_fd >= 0) {
			err = unpin(pin_fd, pinned.pinned, pinned.how);
		} else if (pins(r.how)) {
			pinned = r;
			pin_fd = pin(hp, r.pinned, r.how);
			err = pin_fd < 0 ? pin_fd : let_go(hp, r.how);
		} else {
			err = let_go(hp, r.how);
		}
		send(socket, &err, sizeof(err), 0);
	}
}

int holder_start(struct holder *h, size_t size, const size_t *pages, size_t n,
		 enum error_way way)
{
	struct birth b;
	int pair[2];
	pid_t pid;

	*h = (struct holder){ .pid = -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	/* Not into *h: a fixture may share that with its children */
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pair[0]);
		b = make(size, pages, n, way);
		send(pair[1], &b, sizeof(b), 0);
		obey(&b.hp, pair[1]);
		_exit(0);
	}
	close(pair[1]);
	h->pid = pid;
	h->socket = pair[0];
	if (recv(h->socket, &b, sizeof(b), MSG_WAITALL) != sizeof(b))
		return -ECHILD;
	h->hp = b.hp;
	return b.err;
}

static int request(struct holder *h, enum release_how how, size_t pinned)
{
	struct request r = { .how = how, .pinned = pinned };
	int err;

	if (send(h->socket, &r, sizeof(r), MSG_NOSIGNAL) != sizeof(r))
		return -errno;
	if (recv(h->socket, &err, sizeof(err), MSG_WAITALL) != sizeof(err))
		return -ECHILD;
	return err;
}

static int wait_for_death(struct holder *h)
{
	pid_t gone = waitpid(h->pid, NULL, 0);

	h->pid = -1;
	return gone < 0 ? -errno : 0;
}

int holder_release(struct holder *h, enum release_how how, size_t pinned)
{
	if (how == RELEASE_KILL) {
		kill(h->pid, SIGKILL);
		return wait_for_death(h);
	}
	if (how == RELEASE_EXIT) {
		request(h, how, pinned);
		return wait_for_death(h);
	}
	return request(h, how, pinned * BASE_PAGE);
}

int holder_unpin(struct holder *h)
{
	return request(h, RELEASE_PINNED, 0);
}

static bool is_gone(pid_t pid)
{
	waitpid(pid, NULL, WNOHANG);
	return kill(pid, 0);
}

/* Possibly from a fixture's parent, whose child the process is not. */
void holder_end(struct holder *h)
{
	if (h->pid < 0)
		return;
	kill(h->pid, SIGKILL);
	poll_until(is_gone(h->pid));
	h->pid = -1;
}

void holder_repair(struct holder *h, const size_t *pages, size_t n)
{
	size_t i;

	if (!h->hp.pa)
		return;
	error_unpoison_pfn(hugepage_pfn(&h->hp, 0));
	for (i = 0; i < n; i++)
		error_unpoison_pfn(hugepage_pfn(&h->hp,
						pages[i] * BASE_PAGE));
}
