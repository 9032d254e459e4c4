/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that is the only user of a huge page with errors, until it is
 * ordered to release the page in a given way.
 */
#ifndef HOLDER_H
#define HOLDER_H

#include <sys/types.h>

#include "hugepage.h"
#include "pinner.h"
#include "raise.h"

enum release_how {
	RELEASE_TRUNCATE,	/* ftruncate() to 0, still mapped */
	RELEASE_PUNCH,		/* hole punch of the whole file, still mapped */
	RELEASE_CLOSE,		/* munmap() and close() */
	RELEASE_EXIT,		/* exit() with mapping and descriptor open */
	RELEASE_KILL,		/* SIGKILL */
	RELEASE_PINNED,		/* munmap() and close(), a pipe's pin stays */
	RELEASE_PINNED_LONG,	/* the same, a long-term pin stays */
};

/* @hp.map and @hp.fd are valid in the holder's process only. */
struct holder {
	pid_t pid;
	int socket;
	struct hugepage hp;
};

/*
 * Create the page and raise an error in each of the @n base pages of @pages
 * (indices); 0 or -errno.
 */
int holder_start(struct holder *h, size_t size, const size_t *pages, size_t n,
		 enum error_way way);

/*
 * Release the page; 0 or -errno.  RELEASE_PINNED and _LONG keep a reference to
 * the base page @pinned until holder_unpin(), which returns 0 if the bytes in
 * the pipe are right.
 */
int holder_release(struct holder *h, enum release_how how, size_t pinned);
int holder_unpin(struct holder *h);

/*
 * Before the release: fill @len bytes at @offset with the pattern, check them,
 * raise one more error.  0 or -errno; -ECHILD if the process died.
 */
int holder_fill(struct holder *h, size_t offset, size_t len);
int holder_check(struct holder *h, size_t offset, size_t len);
int holder_raise(struct holder *h, size_t offset, enum error_way way);

/*
 * Have the process pin part of the file.  With @taken the caller takes the pin
 * over, and it outlives the process; with NULL it ends with the process.
 */
int holder_pin(struct holder *h, enum pinner_kind kind, size_t offset,
	       size_t len, struct pinner *taken);

/* Kill the process, if it is alive; returns when it is gone. */
void holder_end(struct holder *h);

/*
 * Unpoison @pages as far as possible: without the policy, this makes a huge
 * page with a simulated error usable again.
 */
void holder_repair(struct holder *h, const size_t *pages, size_t n);

#endif /* HOLDER_H */
