// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "section.h"

#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <ucontext.h>

#include "sized.h"

#define DEPTH		8
/* What a function may expect: System V ABI, 3.2 */
#define RED_ZONE_BYTES	128	/* below the stack pointer, of the caller */
#define DIRECTION_FLAG	0x400	/* clear */

/*
 * The thread's sections, the outermost first.  Read by a signal handler, hence in
 * memory that needs no allocation.
 */
static __thread __attribute__((tls_model("initial-exec")))
struct { struct mfr_section *section[DEPTH]; volatile int depth; } begun;

/* What begins and ends a section that nobody has written over. */
static uint64_t token_of(const struct mfr_section *section)
{
	return (uintptr_t)section * 0x9e3779b97f4a7c15;
}

/*
 * The stack grows down: a section below the stack pointer was in a function that
 * was left without mfr_section_end(). One above it was as well if its memory has
 * been used since.
 */
static bool was_left(const struct mfr_section *section, uintptr_t stack_pointer)
{
	return (uintptr_t)section < stack_pointer ||
	       section->first != token_of(section) ||
	       section->last != token_of(section);
}

static void forget_left(uintptr_t stack_pointer)
{
	while (begun.depth &&
	       was_left(begun.section[begun.depth - 1], stack_pointer))
		begun.depth--;
}

int mfr_section_begin(struct mfr_section *section)
{
	int err;

	if (!section)
		return -EFAULT;
	err = mfr_sized_check(section, MFR_SECTION_FIRST);
	if (err)
		return err;
	if ((uintptr_t)section < (uintptr_t)__builtin_frame_address(0))
		return -EINVAL;
	forget_left((uintptr_t)__builtin_frame_address(0));
	if (begun.depth == DEPTH)
		return -EBUSY;
	section->region = NULL;
	section->range = (struct mfr_range){ };
	section->first = token_of(section);
	section->last = token_of(section);
	begun.section[begun.depth] = section;
	begun.depth++;
	return 0;
}

int mfr_section_end(struct mfr_section *section)
{
	int depth = begun.depth;

	if (!section)
		return -EFAULT;
	while (depth && begun.section[depth - 1] != section)
		depth--;
	if (!depth)
		return -ENOENT;
	begun.depth = depth - 1;	/* and those within it, which were left */
	section->first = 0;
	return 0;
}

/* Runs on the thread's own stack, once the signal's mask is gone. */
static __attribute__((noreturn)) void jump(struct mfr_section *section)
{
	longjmp(section->jump, 1);
}

bool mfr_section_leave(struct mfr_region *region, struct mfr_range range,
		       void *ucontext)
{
	ucontext_t *context = ucontext;
	struct mfr_section *section;
	greg_t *regs;
	uintptr_t sp;

	if (!context)
		return false;
	regs = context->uc_mcontext.gregs;
	sp = (uintptr_t)regs[REG_RSP];
	forget_left(sp);
	if (!begun.depth)
		return false;
	section = begun.section[--begun.depth];
	section->first = 0;
	section->region = region;
	section->range = range;
	/* As after a call: the stack is 8 bytes off a multiple of 16. */
	regs[REG_RSP] = (greg_t)(((sp - RED_ZONE_BYTES) & -16UL) - 8);
	regs[REG_EFL] &= ~(greg_t)DIRECTION_FLAG;
	regs[REG_RDI] = (greg_t)(uintptr_t)section;
	regs[REG_RIP] = (greg_t)(uintptr_t)jump;
	return true;
}
