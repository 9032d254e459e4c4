/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions about a process whose answer its owner can prevent.  The kernel takes the
 * lock of its mappings to show them, and who maps a file of a server that does not
 * answer can hold that lock for ever.
 */
#ifndef MFR_PATIENCE_H
#define MFR_PATIENCE_H

#include <sys/types.h>

struct question {
	int (*ask)(void *about);	/* in a thread of its own */
	void (*drop)(void *about);	/* frees it */
};

/*
 * Returns what @question->ask(@about) returns, and leaves @about to the caller; or
 * -ENOMEM.  Or -ETIMEDOUT after a second (less while others of these hang): then
 * @about is taken, and dropped once the answer comes.  Until then each further
 * question about @pid is -ETIMEDOUT at once.
 */
int ask_patiently(const struct question *question, pid_t pid, void *about);

#endif /* MFR_PATIENCE_H */
