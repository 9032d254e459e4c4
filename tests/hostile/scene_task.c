// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel reads and writes for a task when it starts, runs and ends. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "places.h"
#include "scenes.h"
#include "user.h"

static void leave_robust(void *head)
{
	syscall(SYS_set_robust_list, head, 24);
}

/* struct robust_list_head: list, offset of the futex, pending entry */
void scene_robust(struct rng *rng)
{
	uint64_t node[2] = { (uintptr_t)place_raw(rng, 8, true), 0 };
	void *healthy = place_struct(rng, node, sizeof(node), 1);
	uint64_t head[3] = {
		(uintptr_t)(rng_percent(rng, 50) ? healthy : place_raw(rng, 8, true)),
		rng_percent(rng, 50) ? 0 : 8,
		rng_percent(rng, 50) ? (uintptr_t)place_raw(rng, 8, true) : 0,
	};

	user_child(leave_robust, place_struct(rng, head, sizeof(head), 2));
}

void scene_cleartid(struct rng *rng)
{
	unsigned long flags = CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID |
			      SIGCHLD;

	flags |= rng_percent(rng, 50) ? CLONE_CHILD_SETTID : 0;
	flags |= rng_percent(rng, 50) ? CLONE_PARENT_SETTID : 0;
	user_call(SYS_clone, flags, 0, (uintptr_t)place_raw(rng, 4, true),
		  (uintptr_t)place_raw(rng, 4, true), 0, 0);
	while (waitpid(-1, NULL, __WALL | WNOHANG) > 0)
		;
}

extern const ptrdiff_t __rseq_offset;
extern const unsigned int __rseq_size;

#define RSEQ_SIGNATURE	0x53053053

static void run_with_rseq(void *area)
{
	char *own = (char *)__builtin_thread_pointer() + __rseq_offset;
	int i;

	if (__rseq_size && syscall(SYS_rseq, own, 32, 1, RSEQ_SIGNATURE))
		return;
	syscall(SYS_rseq, area, 32, 0, RSEQ_SIGNATURE);
	for (i = 0; i < 5; i++)
		sched_yield();
	syscall(SYS_rseq, area, 32, 1, RSEQ_SIGNATURE);
}

/* The area, or what it points to, is lost. */
void scene_rseq(struct rng *rng)
{
	static uint64_t area[4] __attribute__((aligned(32)));

	area[0] = area[2] = area[3] = 0;
	area[1] = (uintptr_t)place_raw(rng, 32, true);
	if (rng_percent(rng, 50))
		user_child(run_with_rseq, area);
	else
		user_child(run_with_rseq, (void *)
			   ((uintptr_t)place_raw(rng, 32, true) & -32UL));
}

struct words_of_exec {
	char *path, **argv, **envp;
};

static void run_exec(void *arg)
{
	struct words_of_exec *words = arg;

	syscall(SYS_execve, words->path, words->argv, words->envp);
}

static char **strings(struct rng *rng)
{
	char *one = place_struct(rng, "one", 4, 2);
	char *array[3] = { one, place_raw(rng, 4096, true), NULL };

	return place_struct(rng, array, sizeof(array), 2);
}

void scene_exec(struct rng *rng)
{
	struct words_of_exec words = {
		.path = place_struct(rng, "/bin/true", 10, 2),
		.argv = strings(rng),
		.envp = strings(rng),
	};

	user_child(run_exec, &words);
}

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

static void run_dispatched(void *selector)
{
	signal(SIGSYS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, 0, selector);
	syscall(SYS_getppid);
}

void scene_dispatch(struct rng *rng)
{
	user_child(run_dispatched, place_raw(rng, 1, true));
}

void scene_futex(struct rng *rng)
{
	struct timespec soon = { 0, 100000 };
	char *raw = (void *)((uintptr_t)place_raw(rng, 4, true) & -4UL);
	char *other = rng_percent(rng, 50) ? place_healthy(4) :
		(void *)((uintptr_t)place_raw(rng, 4, true) & -4UL);
	int op = rng_below(rng, 14);

	op |= rng_percent(rng, 50) ? FUTEX_PRIVATE_FLAG : 0;
	if (rng_percent(rng, 30))
		syscall(SYS_futex, other, op, 0, &soon, raw, rng_next(rng));
	else
		syscall(SYS_futex, raw, op, 0, &soon, other, rng_next(rng));
}

static void run_filtered(void *program)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, 2, program);
	syscall(SYS_getppid);
}

void scene_seccomp(struct rng *rng)
{
	struct sock_filter allow[2] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
		{ BPF_RET | BPF_K, 0, 0, 0x7fff0000 },
	};
	struct sock_fprog program = {
		2, place_struct(rng, allow, sizeof(allow), 2)
	};

	user_child(run_filtered,
		   place_struct(rng, &program, sizeof(program), 2));
}
