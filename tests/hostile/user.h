/* SPDX-License-Identifier: GPL-2.0-only */
/* Becoming a user without rights, and what such a one does with processes. */
#ifndef USER_H
#define USER_H

#include <stdbool.h>
#include <sys/types.h>

/* Root no more: a plain user, no capabilities, none to be had by exec. */
bool user_become(void);

/* With user and network namespaces of his own, in which he is somebody. */
bool user_unshare(void);

/* SIGALRM every few ms: nothing that can be interrupted lasts. */
void user_clock(void);

/* Signals as they are to be before each call: caught, and let through. */
void user_signals(void);

/* Access that may end in SIGBUS or SIGSEGV, which then is no harm. */
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
 * A system call.  What comes back as a new task from clone() and the like ends
 * at once, and has not used its stack.
 */
long user_call(long nr, unsigned long a, unsigned long b, unsigned long c,
	       unsigned long d, unsigned long e, unsigned long f);

/* fork(), which signals make the kernel begin anew: no clock meanwhile. */
pid_t user_fork(void);

/* Run it in a child, which is killed if it lasts. */
void user_child(void (*run)(void *), void *arg);

#endif /* USER_H */
