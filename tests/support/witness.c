// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "witness.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_LOAD		((size_t)-1)

static ssize_t receive(int socket, void *data, size_t size)
{
	ssize_t got;

	do {
		got = recv(socket, data, size, MSG_WAITALL);
	} while (got < 0 && errno == EINTR);
	return got;
}

static void answer(int socket, const char *map, size_t offset)
{
	struct witness_report r = { 0 };

	if (offset != NO_LOAD)
		r.hit = sigbus_on_load(map + offset, &r.bus);
	r.optional = sigbus_optional(&r.last_optional);
	send(socket, &r, sizeof(r), 0);
}

/* Touch the page first, so that the page is mapped in this process. */
static void live(int socket, const struct hugepage *hp, bool early_kill)
{
	char *map;
	size_t offset;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigbus_catch();
	if (early_kill)
		prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	/* Inherited from fork(): a signal could name its address instead */
	munmap(hp->map, hp->size);
	map = hugepage_map(hp);
	if (!map)
		_exit(1);
	(void)*(volatile char *)map;
	send(socket, &map, sizeof(map), 0);
	while (receive(socket, &offset, sizeof(offset)) == sizeof(offset))
		answer(socket, map, offset);
	_exit(0);
}

int witness_start(struct witness *w, const struct hugepage *hp,
		  bool early_kill)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	w->pid = fork();
	if (w->pid < 0)
		return -errno;
	if (!w->pid) {
		close(pair[0]);
		live(pair[1], hp, early_kill);
	}
	close(pair[1]);
	w->socket = pair[0];
	if (receive(w->socket, &w->map, sizeof(w->map)) != sizeof(w->map))
		return -ECHILD;
	return 0;
}

int witness_load(struct witness *w, size_t offset, struct witness_report *r)
{
	if (send(w->socket, &offset, sizeof(offset), MSG_NOSIGNAL) < 0)
		return -errno;
	return receive(w->socket, r, sizeof(*r)) == sizeof(*r) ? 0 : -ECHILD;
}

int witness_signals(struct witness *w, struct witness_report *r)
{
	return witness_load(w, NO_LOAD, r);
}

void witness_kill(struct witness *w)
{
	close(w->socket);
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
}
