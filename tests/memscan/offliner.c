// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "offliner.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hugepage.h"
#include "memblock.h"

static void offline(struct offliner *offliner, uint64_t pa)
{
	sigset_t all;
	int err;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	/* The caller may close a descriptor to release memory: keep none. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	while ((err = memblock_set(pa, "offline")) == -EBUSY)
		++*offliner->busy;
	_exit(-err);
}

int offliner_start(struct offliner *offliner, uint64_t pa)
{
	void *shared = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return -errno;
	offliner->busy = shared;
	offliner->pid = fork();
	if (!offliner->pid)
		offline(offliner, pa);
	return offliner->pid < 0 ? -errno : 0;
}

bool offliner_has_ended(struct offliner *offliner)
{
	siginfo_t info = {};

	return waitid(P_PID, offliner->pid, &info,
		      WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

int offliner_end(struct offliner *offliner)
{
	int status;

	kill(offliner->pid, SIGKILL);
	if (waitpid(offliner->pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}
