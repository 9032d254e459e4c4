// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads that may hit poison.
 *
 * ECC covers a cache line, and poison marks all of one: a load of any word of it
 * raises the machine check. So one load a line reads everything. A prefetch some
 * lines ahead keeps the memory busy where a CPU's own stops, at the end of each
 * page, and its non-temporal hint says that the data is of no use to anybody. It
 * is one a line: prefetches of a whole page at once are no stream for the CPU,
 * and evict what others need (bench/README.md has the figures).
 *
 * A load goes into a general register: it needs no FPU, and nothing is copied.
 * The loop is all assembly because the compiler must not merge, drop or widen a
 * load, and KASAN must not check addresses that are not ours.
 */

#include <asm/asm.h>
#include "load.h"

/* At label @n: load, and go on with the next line. A trap ends the loop. */
#define LOAD_LINE(n)							\
	#n ": movq (%[at]), %[word]\n\t"				\
	_ASM_EXTABLE_TYPE(n##b, 6f, EX_TYPE_FAULT_MCE_SAFE)		\
	"add %[line], %[at]\n"

/**
 * memscan_load - load from every cache line of a page, or of part of one
 * @from: the first cache line
 * @to: end of the last one
 * @ahead: end of what may be prefetched: @to, or more if what follows is read as
 *	well
 *
 * Context: process context, where a machine check can be survived.
 * Return: @to and no trap, or the first line that could not be read and why.
 * No line after that one was read.
 */
struct memscan_loaded memscan_load(const void *from, const void *to,
				   const void *ahead)
{
	struct memscan_loaded res = { from, MEMSCAN_TRAP_NONE };
	const void *last = ahead - MEMSCAN_AHEAD_BYTES;
	unsigned long word;

	last = last < to ? last : to;

	/* The handler leaves the trap's number in %rax: ex_handler_fault(). */
	asm volatile(
		"jmp 2f\n"
		"1: prefetchnta %c[ahead](%[at])\n"
		LOAD_LINE(3)
		"2: cmp %[last], %[at]\n\t"
		"jb 1b\n\t"
		"jmp 5f\n"
		LOAD_LINE(4)
		"5: cmp %[to], %[at]\n\t"
		"jb 4b\n"
		"6:\n"
		: [at] "+&r" (res.end), "+&a" (res.trap), [word] "=&r" (word)
		: [to] "r" (to), [last] "r" (last),
		  [line] "i" (MEMSCAN_LINE_BYTES), [ahead] "i" (MEMSCAN_AHEAD_BYTES)
		: "memory", "cc");

	return res;
}
