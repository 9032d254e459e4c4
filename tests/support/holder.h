/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that alone holds a huge page with errors, until it is told in
 * which way to let go of it.
 */
#ifndef HOLDER_H
#define HOLDER_H

#include <sys/types.h>

#include "hugepage.h"
#include "pinner.h"
#include "raise.h"

enum release_how {
	RELEASE_TRUNCATE,	/* ftruncate() to 0, still mapped */
	RELEASE_PUNCH,		/* hole punch of all of it, still mapped */
	RELEASE_CLOSE,		/* munmap() and close() */
	RELEASE_EXIT,		/* exit() with all of it in place */
	RELEASE_KILL,		/* SIGKILL */
	RELEASE_PINNED,		/* munmap() and close(), a pipe's pin is left */
	RELEASE_PINNED_LONG,	/* the same, with a long-term pin */
};

/* @hp.map and @hp.fd mean nothing outside of the process. */
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
 * Returns when it is done; 0 or -errno.  RELEASE_PINNED and _LONG keep a
 * reference to the base page @pinned: holder_unpin() ends that, 0 if the bytes
 * in the pipe are right.
 */
int holder_release(struct holder *h, enum release_how how, size_t pinned);
int holder_unpin(struct holder *h);

/*
 * While it has the page; 0 or -errno, -ECHILD if it dies of it.  Fill @len
 * bytes at @offset with the pattern, look whether that is there, raise one
 * more error.
 */
int holder_fill(struct holder *h, size_t offset, size_t len);
int holder_check(struct holder *h, size_t offset, size_t len);
int holder_raise(struct holder *h, size_t offset, enum error_way way);

/*
 * Let it pin part of the file.  If the caller takes the pin over, by @taken,
 * it no longer depends on the process; else (NULL) that has it to its end.
 */
int holder_pin(struct holder *h, enum pinner_kind kind, size_t offset,
	       size_t len, struct pinner *taken);

/* End the process, if it lives; returns when it is gone. */
void holder_end(struct holder *h);

/*
 * Unpoison, as far as there is something to unpoison: without the policy a
 * huge page with a simulated error is to be had again this way.
 */
void holder_repair(struct holder *h, const size_t *pages, size_t n);

#endif /* HOLDER_H */
