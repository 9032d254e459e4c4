/* SPDX-License-Identifier: GPL-2.0-only */
/* Become an unprivileged user, and make processes and calls as one. */
#ifndef USER_H
#define USER_H

#include <stdbool.h>
#include <sys/types.h>

/* Drop root: a plain user without capabilities, who cannot gain any by exec. */
bool user_become(void);

/* Enter new user and network namespaces, and have capabilities in them. */
bool user_unshare(void);

/* SIGALRM every few ms, so that no interruptible call lasts. */
void user_clock(void);

/* Set signals up as each call needs them: caught, and not blocked. */
void user_signals(void);

/* Make an access that may end in SIGBUS or SIGSEGV, and survive it. */
#include <setjmp.h>
extern sigjmp_buf user_jump;
extern volatile bool user_guarded;
#define user_try(...) do {				\
	user_guarded = true;				\
	if (!sigsetjmp(user_jump, 1)) {			\
		__VA_ARGS__;				\
	}						\
	user_guarded = false;				\
} while (0)

/*
 * Make a system call.  A new task that clone() or the like creates ends at
 * once, without using its stack.
 */
long user_call(long nr, unsigned long a, unsigned long b, unsigned long c,
	       unsigned long d, unsigned long e, unsigned long f);

/* fork() with the clock off, whose signals would make the kernel restart it. */
pid_t user_fork(void);

/* Run it in a child, which is killed if it takes too long. */
void user_child(void (*run)(void *), void *arg);

#endif /* USER_H */
