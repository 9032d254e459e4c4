// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "guard.h"

#include <ucontext.h>

#include "page.h"

#ifndef __x86_64__
#error "guarded access is written for x86-64 only"
#endif

/*
 * A struct mfr_guarded is returned in %rax and %rdx.  An interrupted string
 * instruction leaves the remaining count in %rcx, and %rsi and %rdi at what it
 * would do next (Intel SDM Vol. 2B, "REP").  For whole pages it is as fast as
 * memcpy().  One load reads all of a cache line.
 */
__asm__(".text\n"
	".macro mfr_function name\n"
	"	.p2align 4\n"
	"	.globl \\name\n"
	"	.hidden \\name\n"
	"	.type \\name, @function\n"
	"	\\name:\n"
	".endm\n"
	"mfr_function mfr_guard_copy\n"
	"	mov %rdx, %rcx\n"
	"	xor %edx, %edx\n"
	"mfr_guard_copy_first:\n"
	"	rep movsb\n"
	"mfr_guard_copy_end:\n"
	"	mov %rcx, %rax\n"
	"	ret\n"
	".size mfr_guard_copy, . - mfr_guard_copy\n"
	"mfr_function mfr_guard_search\n"
	"	xor %edx, %edx\n"
	"	test %rsi, %rsi\n"
	"	jz mfr_guard_search_end\n"
	"mfr_guard_search_first:\n"
	"	mov (%rdi), %rax\n"
	"	add $64, %rdi\n"
	"	dec %rsi\n"
	"	jnz mfr_guard_search_first\n"
	"mfr_guard_search_end:\n"
	"	mov %rsi, %rax\n"
	"	ret\n"
	".size mfr_guard_search, . - mfr_guard_search\n"
	"mfr_function mfr_guard_load\n"
	"	xor %edx, %edx\n"
	"mfr_guard_load_first:\n"
	"	mov (%rdi), %rax\n"
	"mfr_guard_load_end:\n"
	"	ret\n"
	".size mfr_guard_load, . - mfr_guard_load\n"
	".purgem mfr_function\n");

#define LABEL(name) \
	extern const char name[] __attribute__((visibility("hidden")))
LABEL(mfr_guard_copy_first);
LABEL(mfr_guard_copy_end);
LABEL(mfr_guard_search_first);
LABEL(mfr_guard_search_end);
LABEL(mfr_guard_load_first);
LABEL(mfr_guard_load_end);

static const struct guarded {
	const char *first;
	const char *end;	/* exclusive; where to continue */
	bool stores;		/* to the page in %rdi */
} guarded[] = {
	{ mfr_guard_copy_first, mfr_guard_copy_end, true },
	{ mfr_guard_search_first, mfr_guard_search_end, false },
	{ mfr_guard_load_first, mfr_guard_load_end, false },
};

static const struct guarded *guarded_at(uintptr_t ip)
{
	unsigned int i;

	for (i = 0; i < sizeof(guarded) / sizeof(*guarded); i++)
		if (ip >= (uintptr_t)guarded[i].first &&
		    ip < (uintptr_t)guarded[i].end)
			return &guarded[i];
	return NULL;
}

static enum mfr_guard_end why(const struct guarded *at, const siginfo_t *info,
			      const greg_t *regs)
{
	uintptr_t page = (uintptr_t)info->si_addr / MFR_PAGE_BYTES;
	bool target = at->stores &&
		page == (uintptr_t)regs[REG_RDI] / MFR_PAGE_BYTES &&
		page != (uintptr_t)regs[REG_RSI] / MFR_PAGE_BYTES;

	if (info->si_code == BUS_ADRERR)
		return target ? MFR_GUARD_TARGET_ABSENT :
				MFR_GUARD_SOURCE_ABSENT;
	return target ? MFR_GUARD_TARGET_LOST : MFR_GUARD_SOURCE_LOST;
}

bool mfr_guard_leave(const siginfo_t *info, void *ucontext)
{
	ucontext_t *context = ucontext;
	const struct guarded *at;
	greg_t *regs;

	if (!context)
		return false;
	regs = context->uc_mcontext.gregs;
	at = guarded_at((uintptr_t)regs[REG_RIP]);
	if (!at)
		return false;
	regs[REG_RDX] = why(at, info, regs);
	regs[REG_RIP] = (greg_t)(uintptr_t)at->end;
	return true;
}
