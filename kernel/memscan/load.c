// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * Loads that may meet poison, for the kernel and for user mode.
 *
 * Plain loads of 8 bytes into a general register: none crosses a line, none
 * needs the FPU, nothing is copied anywhere. memscan_load() is in assembly as a
 * whole since the compiler must not merge, drop or widen a load, and KASAN must
 * not ask whether the memory is ours.
 */

#ifdef __KERNEL__
#include <linux/compiler.h>
#include <asm/asm.h>

/* The handler leaves the trap's number in %rax: ex_handler_fault(). */
#define FIXUP(load, to) \
	_ASM_EXTABLE_TYPE(load, to, EX_TYPE_FAULT_MCE_SAFE)
#else
#define FIXUP(load, to)						\
	".pushsection memscan_fixups, \"a\"\n\t"		\
	".balign 4\n\t"						\
	".long (" #load ") - .\n\t"				\
	".long (" #to ") - .\n\t"				\
	".popsection\n\t"
#endif

#include "load.h"

/* Word @n of the line, with the label 1@n; its trap goes on at 2@n. */
#define LOAD(n)							\
	"1" #n ": movq 8*" #n "(%[at]), %[word]\n\t"		\
	FIXUP(1##n##b, 2##n##f)

/* Let the position be that of the word that trapped: each adds a word. */
#define TRAPPED_AT(n)						\
	"2" #n ": add $8, %[at]\n"

/**
 * memscan_load - read every word of a page, or of a part of it
 * @from: the first line
 * @to: end of the last one
 *
 * All lines are asked for first, which keeps memory busy. Non-temporal: what is
 * read here is of no use to anybody, and shall not push out what is. Nothing
 * outside of the range is touched.
 *
 * Context: any in which a machine check can be survived; in the kernel that is
 * process context. User mode needs a handler of SIGBUS, see
 * memscan_load_fixup().
 * Return: @to and no trap, or the first word that could not be read and why.
 * No word behind that one was read.
 */
struct memscan_loaded memscan_load(const void *from, const void *to)
{
	struct memscan_loaded res = { from, MEMSCAN_TRAP_NONE };
	const char *line;
	unsigned long word;

	for (line = from; line < (const char *)to; line += MEMSCAN_LINE_BYTES)
		asm volatile("prefetchnta %0" : : "m" (*line));

	asm volatile(
		"1:\n\t"
		LOAD(0) LOAD(1) LOAD(2) LOAD(3)
		LOAD(4) LOAD(5) LOAD(6) LOAD(7)
		"add %[line], %[at]\n\t"
		"cmp %[to], %[at]\n\t"
		"jb 1b\n\t"
		"jmp 2f\n"
		TRAPPED_AT(7) TRAPPED_AT(6) TRAPPED_AT(5) TRAPPED_AT(4)
		TRAPPED_AT(3) TRAPPED_AT(2) TRAPPED_AT(1)
		"20:\n"
		"2:\n"
		: [at] "+&r" (res.end), "+&a" (res.trap), [word] "=&r" (word)
		: [to] "r" (to), [line] "i" (MEMSCAN_LINE_BYTES)
		: "memory", "cc");

	return res;
}

#ifndef __KERNEL__
struct fixup {
	int load;
	int to;
};

/* The linker names both ends of a section that is named as C can. */
extern const struct fixup __start_memscan_fixups[]
	__attribute__((visibility("hidden")));
extern const struct fixup __stop_memscan_fixups[]
	__attribute__((visibility("hidden")));

/**
 * memscan_load_fixup - where does a load that trapped go on?
 * @ip: instruction pointer of the signal's context
 *
 * A handler of SIGBUS puts the answer into the context's RIP and
 * MEMSCAN_TRAP_POISON into its RAX, and returns: memscan_load() returns then.
 *
 * Context: any, as a signal handler is.
 * Return: the address, or 0 if @ip is not one of our loads.
 */
unsigned long memscan_load_fixup(unsigned long ip)
{
	const struct fixup *f;

	for (f = __start_memscan_fixups; f < __stop_memscan_fixups; f++)
		if ((unsigned long)&f->load + f->load == ip)
			return (unsigned long)&f->to + f->to;
	return 0;
}
#endif
