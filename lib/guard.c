// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "guard.h"

#include <stdint.h>
#include <ucontext.h>

#ifndef __x86_64__
#error "guarded access is written for x86-64 only"
#endif

/*
 * An interrupted string instruction leaves the remaining count in %rcx (Intel
 * SDM Vol. 2B, "REP").  For whole pages it is as fast as memcpy().
 */
__asm__(".text\n"
	".p2align 4\n"
	".globl mfr_guard_copy\n"
	".hidden mfr_guard_copy\n"
	".type mfr_guard_copy, @function\n"
	"mfr_guard_copy:\n"
	"	mov %rdx, %rcx\n"
	"mfr_guard_copy_first:\n"
	"	rep movsb\n"
	"mfr_guard_copy_end:\n"
	"	mov %rcx, %rax\n"
	"	ret\n"
	".size mfr_guard_copy, . - mfr_guard_copy\n"
	".p2align 4\n"
	".globl mfr_guard_scan\n"
	".hidden mfr_guard_scan\n"
	".type mfr_guard_scan, @function\n"
	"mfr_guard_scan:\n"
	"	test %rsi, %rsi\n"
	"	jz mfr_guard_scan_end\n"
	"mfr_guard_scan_first:\n"
	"	mov (%rdi), %rax\n"
	"	mov 8(%rdi), %rax\n"
	"	mov 16(%rdi), %rax\n"
	"	mov 24(%rdi), %rax\n"
	"	mov 32(%rdi), %rax\n"
	"	mov 40(%rdi), %rax\n"
	"	mov 48(%rdi), %rax\n"
	"	mov 56(%rdi), %rax\n"
	"	add $64, %rdi\n"
	"	dec %rsi\n"
	"	jnz mfr_guard_scan_first\n"
	"mfr_guard_scan_end:\n"
	"	mov %rsi, %rax\n"
	"	ret\n"
	".size mfr_guard_scan, . - mfr_guard_scan\n");

#define LABEL(name) \
	extern const char name[] __attribute__((visibility("hidden")))
LABEL(mfr_guard_copy_first);
LABEL(mfr_guard_copy_end);
LABEL(mfr_guard_scan_first);
LABEL(mfr_guard_scan_end);

static const struct {
	const char *first;
	const char *end;	/* exclusive; where to continue */
} guarded[] = {
	{ mfr_guard_copy_first, mfr_guard_copy_end },
	{ mfr_guard_scan_first, mfr_guard_scan_end },
};

bool mfr_guard_leave(void *ucontext)
{
	ucontext_t *context = ucontext;
	unsigned int i;
	uintptr_t ip;

	if (!ucontext)
		return false;
	ip = context->uc_mcontext.gregs[REG_RIP];
	for (i = 0; i < sizeof(guarded) / sizeof(*guarded); i++) {
		if (ip < (uintptr_t)guarded[i].first ||
		    ip >= (uintptr_t)guarded[i].end)
			continue;
		context->uc_mcontext.gregs[REG_RIP] =
			(greg_t)(uintptr_t)guarded[i].end;
		return true;
	}
	return false;
}
