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
#include "pageflags.h"
#include "pattern.h"
#include "pin.h"
#include "polling.h"

#define PINNERS_MAX	4

enum order {
	ORDER_LET_GO,
	ORDER_UNPIN,
	ORDER_FILL,
	ORDER_CHECK,
	ORDER_RAISE,
	ORDER_PIN,
};

/* Which fields are used depends on the order. */
struct request {
	enum order order;
	enum release_how how;
	enum error_way way;
	size_t offset, len;
	struct pinner pinner;
	bool share;
};

struct reply {
	int err;
	uint64_t pa;		/* a long-term pin may have moved the page */
	struct pinner pinner;
};

struct birth {
	int err;
	struct hugepage hp;
};

/*
 * Only the first error has to succeed: a kernel without the policy refuses the
 * others, and the tests are about what happens after the release.
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

/* A pinned page keeps its contents until the pin goes. */
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

/* What the process holds besides the page. */
struct belongings {
	struct request pin;	/* the one that left @pin_fd */
	int pin_fd;
	struct pinner shared[PINNERS_MAX];
	size_t n_shared;
};

static int let_go_of(struct hugepage *hp, enum release_how how)
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

static int let_go(struct hugepage *hp, struct belongings *b,
		  const struct request *r)
{
	if (r->how == RELEASE_EXIT)
		_exit(0);
	while (b->n_shared)
		pinner_forget(&b->shared[--b->n_shared]);
	if (pins(r->how)) {
		b->pin = *r;
		b->pin_fd = pin(hp, r->offset, r->how);
		if (b->pin_fd < 0)
			return b->pin_fd;
	}
	return let_go_of(hp, r->how);
}

static int start_pinner(struct hugepage *hp, struct belongings *b,
			struct request *r)
{
	int err = pinner_open(&r->pinner, r->pinner.kind);

	if (!err)
		err = pinner_pin(&r->pinner, hp, r->offset, r->len);
	hp->pa = pagemap_pfn(hp->map) * BASE_PAGE;
	if (!err && r->share)
		b->shared[b->n_shared++] = r->pinner;
	return err;
}

static int do_order(struct hugepage *hp, struct belongings *b,
		    struct request *r)
{
	struct sigbus seen;

	switch (r->order) {
	case ORDER_LET_GO:
		return let_go(hp, b, r);
	case ORDER_UNPIN:
		return unpin(b->pin_fd, b->pin.offset, b->pin.how);
	case ORDER_FILL:
		pattern_fill(hp->map + r->offset, r->offset, r->len);
		return 0;
	case ORDER_CHECK:
		return pattern_check(hp->map + r->offset, r->offset,
				     r->len) < 0 ? 0 : -EILSEQ;
	case ORDER_RAISE:
		return error_raise(hp, r->offset, r->way, &seen);
	case ORDER_PIN:
		return start_pinner(hp, b, r);
	}
	return -EINVAL;
}

static void obey(struct hugepage *hp, int socket)
{
	struct belongings b = { .pin_fd = -1 };
	struct request r;

	while (recv(socket, &r, sizeof(r), MSG_WAITALL) == sizeof(r)) {
		struct reply reply = { .err = do_order(hp, &b, &r) };

		reply.pa = hp->pa;
		reply.pinner = r.pinner;
		send(socket, &reply, sizeof(reply), 0);
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
	/* Not into h->pid: a fixture may be shared with the child */
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

static int request(struct holder *h, const struct request *r,
		   struct reply *reply)
{
	if (send(h->socket, r, sizeof(*r), MSG_NOSIGNAL) != sizeof(*r))
		return -errno;
	if (recv(h->socket, reply, sizeof(*reply), MSG_WAITALL) !=
	    sizeof(*reply))
		return -ECHILD;
	return reply->err;
}

/* Send an order that is answered by an error code only. */
static int order(struct holder *h, struct request r)
{
	struct reply reply;

	return request(h, &r, &reply);
}

static int wait_for_death(struct holder *h)
{
	pid_t gone = waitpid(h->pid, NULL, 0);

	h->pid = -1;
	return gone < 0 ? -errno : 0;
}

int holder_release(struct holder *h, enum release_how how, size_t pinned)
{
	const struct request r = {
		.order = ORDER_LET_GO,
		.how = how,
		.offset = pinned * BASE_PAGE,
	};

	if (how == RELEASE_KILL) {
		kill(h->pid, SIGKILL);
		return wait_for_death(h);
	}
	if (how == RELEASE_EXIT) {
		order(h, r);
		return wait_for_death(h);
	}
	return order(h, r);
}

int holder_unpin(struct holder *h)
{
	return order(h, (struct request){ .order = ORDER_UNPIN });
}

int holder_fill(struct holder *h, size_t offset, size_t len)
{
	return order(h, (struct request){ .order = ORDER_FILL,
					  .offset = offset, .len = len });
}

int holder_check(struct holder *h, size_t offset, size_t len)
{
	return order(h, (struct request){ .order = ORDER_CHECK,
					  .offset = offset, .len = len });
}

int holder_raise(struct holder *h, size_t offset, enum error_way way)
{
	return order(h, (struct request){ .order = ORDER_RAISE,
					  .offset = offset, .way = way });
}

int holder_pin(struct holder *h, enum pinner_kind kind, size_t offset,
	       size_t len, struct pinner *taken)
{
	const struct request r = {
		.order = ORDER_PIN,
		.offset = offset,
		.len = len,
		.pinner.kind = kind,
		.share = taken,
	};
	struct reply reply;
	int err = request(h, &r, &reply);

	if (err)
		return err;
	h->hp.pa = reply.pa;
	if (!taken)
		return 0;
	*taken = reply.pinner;
	return pinner_take(taken, h->pid);
}

static bool is_gone(pid_t pid)
{
	waitpid(pid, NULL, WNOHANG);
	return kill(pid, 0);
}

/* The caller, such as a fixture's teardown, need not be the parent: poll. */
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
