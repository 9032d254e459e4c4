// SPDX-License-Identifier: GPL-2.0-only
/* Signal frames that the kernel stores to lost lines, or loads from them. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "arena.h"
#include "hugepage.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

static void nothing(int signal)
{
	(void)signal;
}

static void handle(void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(SIGUSR1, &action, NULL);
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
}

/* An alternate stack on which the signal frame reaches into lost lines. */
static void on_raw_stack(void *top)
{
	stack_t stack = {
		.ss_sp = (void *)(((uintptr_t)top & -64UL) - 16384),
		.ss_size = 16384,
	};

	handle(nothing, SA_ONSTACK);
	if (!sigaltstack(&stack, NULL))
		raise(SIGUSR1);
}

void scene_frame(struct rng *rng)
{
	char *line = place_line(rng, true);

	user_child(on_raw_stack, line + 64 + rng_below(rng, 6144));
}

/* exit(0), valid as 32-bit and as 64-bit code */
static const unsigned char leave[] = {
	0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80
};

struct sigaction32 {
	uint32_t handler, flags, restorer, mask[2];
};

static long call32(long nr, unsigned long a, unsigned long b, unsigned long c,
		   unsigned long d)
{
	long result;

	__asm__ volatile("int $0x80" : "=a" (result)
			 : "0" (nr), "b" (a), "c" (b), "d" (c), "S" (d)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* An address that fits in 32 bits. */
#define LOW	((void *)0x20000000UL)

static char *move_low(char *map)
{
	map = mremap(map, SIZE_2M, SIZE_2M, MREMAP_MAYMOVE | MREMAP_FIXED, LOW);
	return map == MAP_FAILED ? NULL : map;
}

static char *page_low(void)
{
	char *map = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* A handler that was installed by a 32-bit call gets a 32-bit frame. */
static void on_raw_stack32(void *offset)
{
	char *raw = move_low(arena_map(0)), *low = page_low();
	struct sigaction32 *action = (void *)low;
	stack_t stack = { .ss_size = 8192 };

	if (!raw || !low)
		return;
	memcpy(low + 2048, leave, sizeof(leave));
	*action = (struct sigaction32){
		.handler = (uintptr_t)low + 2048, .flags = SA_ONSTACK,
	};
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	call32(174, SIGUSR1, (uintptr_t)low, 0, 8);
	mprotect(low, 4096, PROT_READ | PROT_EXEC);
	stack.ss_sp = raw + (uintptr_t)offset - 8192;
	if (!sigaltstack(&stack, NULL))
		raise(SIGUSR1);
}

/* The child moves its mapping of the file to an address of 32 bits. */
void scene_frame32(struct rng *rng)
{
	char *line = place_line(rng, false);
	uintptr_t offset = (uintptr_t)line & (SIZE_2M - 1);

	offset += 64 + rng_below(rng, 2048);
	offset = (offset & -64UL) < 8192 ? 8192 + offset : offset;
	user_child(on_raw_stack32, (void *)(offset & -64UL));
}

static void *fpregs;

static void give_raw_fpregs(int signal, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)signal;
	(void)info;
	memcpy(fpregs, uc->uc_mcontext.fpregs, 1024);
	uc->uc_mcontext.fpregs = fpregs;
}

static void restore_fpregs(void *place)
{
	struct sigaction action = {
		.sa_sigaction = give_raw_fpregs, .sa_flags = SA_SIGINFO
	};

	handle(nothing, 0);
	sigaction(SIGUSR1, &action, NULL);
	fpregs = place;
	raise(SIGUSR1);
}

static void return_from(void *frame)
{
	handle(nothing, 0);
	__asm__ volatile("mov %0, %%rsp\n\tmov %1, %%eax\n\tsyscall"
			 : : "r" (frame), "i" (SYS_rt_sigreturn) : "memory");
}

void scene_sigreturn(struct rng *rng)
{
	char *raw = place_raw(rng, 1024, true);

	if (rng_percent(rng, 50))
		user_child(restore_fpregs, (void *)((uintptr_t)raw & -64UL));
	else
		user_child(return_from, (void *)((uintptr_t)raw & -8UL));
}
