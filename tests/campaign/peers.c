// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "peers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checks.h"
#include "pins.h"
#include "sigbus.h"
#include "view.h"

enum peer_does { DO_NOTHING, DO_LOAD, DO_SAMPLE, DO_ALL, DO_EXIT };

struct request {
	enum peer_does what;
	int folio;
	unsigned int page, nth;
	struct rng rng;
};

struct answer {
	bool fine;
	unsigned int optional;
	struct sigbus last;
};

/* Of process 0: the index is the number of the process. */
static struct {
	pid_t pid;
	int socket;
} links[PROCESSES_MAX];

int model_fd = -1;

/* An action optional signal may come in between. */
static bool receive(int socket, void *data, size_t size)
{
	ssize_t got;

	do {
		got = recv(socket, data, size, MSG_WAITALL);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)size;
}

static bool check_all_files(void)
{
	int file;

	for (file = 0; file < FILES_MAX; file++)
		if (view.fd[file] >= 0 && !check_fdinfo(file))
			return false;
	return true;
}

static bool obey(struct request *r)
{
	switch (r->what) {
	case DO_NOTHING:
		return true;
	case DO_LOAD:
		return check_raw_load(r->folio, r->page, r->nth);
	case DO_SAMPLE:
		return check_sample(&r->rng);
	case DO_ALL:
		return check_all_files() && check_all_contents(&r->rng);
	case DO_EXIT:
		_exit(0);
	}
	return false;
}

static void live(int socket)
{
	struct answer a = { 0 };
	struct request r;

	while (receive(socket, &r, sizeof(r))) {
		a.fine = obey(&r);
		a.optional = sigbus_optional(&a.last);
		send(socket, &a, sizeof(a), MSG_NOSIGNAL);
	}
	_exit(0);
}

static void become_peer(unsigned int peer, bool early_kill)
{
	char name[32];
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	snprintf(name, sizeof(name), "process %u", peer);
	failure_init(&model->failure, name);
	sigbus_catch();
	if (early_kill)
		prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
	pins_forget();
	/* The parent may have called this one live already */
	for (i = 1; i < PROCESSES_MAX; i++)
		if (i != peer && model->peer[i].live)
			close(links[i].socket);
}

/* What the parent has now is what the child has, from the start. */
static void model_peer(unsigned int peer, bool early_kill)
{
	struct peer_model *p = &model->peer[peer];
	int file;

	*p = (struct peer_model){ .live = true, .early_kill = early_kill };
	for (file = 0; file < FILES_MAX; file++) {
		p->covers[file] = view_covers(file);
		if (view.fd[file] >= 0)
			model->file[file].holders |= 1U << peer;
	}
}

static bool ask(unsigned int peer, const struct request *r, struct answer *a)
{
	return (send(links[peer].socket, r, sizeof(*r), MSG_NOSIGNAL) ==
		sizeof(*r) && receive(links[peer].socket, a, sizeof(*a))) ||
	       unexpected("a peer process", "alive", "gone");
}

int peer_start(unsigned int peer, bool early_kill)
{
	struct request r = { .what = DO_NOTHING };
	struct answer a;
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(pair[0]);
		become_peer(peer, early_kill);
		live(pair[1]);
	}
	close(pair[1]);
	links[peer].pid = pid;
	links[peer].socket = pair[0];
	model_peer(peer, early_kill);
	return ask(peer, &r, &a) ? 0 : -ECHILD;
}

void peer_end(unsigned int peer, bool kill_it)
{
	struct request r = { .what = DO_EXIT };
	int file;

	if (kill_it)
		kill(links[peer].pid, SIGKILL);
	else
		send(links[peer].socket, &r, sizeof(r), MSG_NOSIGNAL);
	close(links[peer].socket);
	waitpid(links[peer].pid, NULL, 0);
	model->peer[peer].live = false;
	for (file = 0; file < FILES_MAX; file++)
		if (model->file[file].holders & 1U << peer)
			model_let_go(file, peer);
}

void peers_end(void)
{
	unsigned int peer;

	for (peer = 1; peer < PROCESSES_MAX; peer++)
		if (model->peer[peer].live)
			peer_end(peer, false);
}

bool peer_raw_load(unsigned int peer, int folio, unsigned int page,
		   unsigned int nth)
{
	struct request r = { DO_LOAD, folio, page, nth, { 0 } };
	struct answer a;

	return ask(peer, &r, &a) && a.fine;
}

bool peer_check(unsigned int peer, bool all, struct rng *rng)
{
	struct request r = { .what = all ? DO_ALL : DO_SAMPLE };
	struct answer a;

	r.rng.state = rng_next(rng);
	return ask(peer, &r, &a) && a.fine;
}

/*
 * Action optional signals
 */

static bool wants_to_know(unsigned int peer, int folio, int consumer)
{
	const struct folio_model *f = &model->folio[folio];
	const struct peer_model *p = &model->peer[peer];

	return p->early_kill && f->file >= 0 && (int)peer != consumer &&
	       p->covers[f->file] & 1 << f->slot;
}

static bool check_optional(unsigned int peer, struct answer *a)
{
	struct request r = { .what = DO_NOTHING };
	char what[64];

	snprintf(what, sizeof(what), "action optional signals of process %u",
		 peer);
	return ask(peer, &r, a) &&
	       expect_number(what, model->peer[peer].optional, a->optional);
}

/* Its mappings are copies of ours, as far as ours are older than it. */
static bool check_told(unsigned int peer, unsigned int page)
{
	struct answer a;

	model->peer[peer].optional++;
	return check_optional(peer, &a) &&
	       expect_number("si_addr_lsb of an action optional SIGBUS",
			     __builtin_ctzl(BASE_PAGE), a.last.lsb) &&
	       expect_number("base page of an action optional SIGBUS",
			     page % SMALL_PAGES,
			     a.last.addr / BASE_PAGE % SMALL_PAGES);
}

bool peers_check_told(int folio, unsigned int page, int consumer)
{
	unsigned int peer;

	for (peer = 1; peer < PROCESSES_MAX; peer++)
		if (model->peer[peer].live &&
		    wants_to_know(peer, folio, consumer) &&
		    !check_told(peer, page))
			return false;
	return true;
}

bool peers_check_not_told(void)
{
	struct answer a;
	unsigned int peer;

	for (peer = 1; peer < PROCESSES_MAX; peer++)
		if (model->peer[peer].live && !check_optional(peer, &a))
			return false;
	return true;
}

/*
 * Successors
 */

static void inherit(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

static void exec_successor(int file, uint64_t seed)
{
	char arg[4][24];

	inherit(model_fd);
	inherit(view.fd[file]);
	snprintf(arg[0], sizeof(arg[0]), "%d", model_fd);
	snprintf(arg[1], sizeof(arg[1]), "%d", view.fd[file]);
	snprintf(arg[2], sizeof(arg[2]), "%d", file);
	snprintf(arg[3], sizeof(arg[3]), "%lu", (unsigned long)seed);
	execl("/proc/self/exe", "campaign", "--successor", arg[0], arg[1],
	      arg[2], arg[3], NULL);
	_exit(127);
}

bool successor_check(int file, uint64_t seed)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		exec_successor(file, seed);
	waitpid(pid, &status, 0);
	return !failure_seen() &&
	       expect_number("wait status of a successor", 0, status);
}

/* A hole would be filled by a look at it, so only what there is is mapped. */
static bool map_slots(int file)
{
	const struct file_model *fm = &model->file[file];
	unsigned int slot;

	for (slot = 0; slot < fm->nr; slot++)
		if (fm->slot[slot] >= 0 && view_map(file, slot, 1) < 0)
			return impossible("mmap by a successor", -errno);
	return true;
}

/* MODEL_FD FD FILE SEED */
int successor_main(int argc, char **argv)
{
	struct rng rng;
	int file;

	if (argc != 4)
		return 2;
	model_fd = atoi(argv[0]);
	model = mmap(NULL, sizeof(*model), PROT_READ | PROT_WRITE, MAP_SHARED,
		     model_fd, 0);
	if (model == MAP_FAILED)
		return 1;
	failure_init(&model->failure, "successor");
	sigbus_catch();
	view_init();
	file = atoi(argv[2]);
	view.fd[file] = atoi(argv[1]);
	rng.state = strtoul(argv[3], NULL, 0);
	return !(map_slots(file) && check_fdinfo(file) &&
		 check_all_contents(&rng));
}
