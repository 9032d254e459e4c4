// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads that may hit poison.
 *
 * Plain 8-byte loads into a general register: none crosses a cache line, none
 * needs the FPU, and nothing is copied. The loop is all assembly because the
 * compiler must not merge, drop or widen a load, and KASAN must not check
 * addresses that are not ours.
 */

#include <asm/asm.h>
#include "load.h"

/* The handler leaves the trap's number in %rax: ex_handler_fault(). */
#define FIXUP(load, to) \
	_ASM_EXTABLE_TYPE(load, to, EX_TYPE_FAULT_MCE_SAFE)

/* Load word @n of the line, at label 1@n; a trap continues at 2@n. */
#define LOAD(n)							\
	"1" #n ": movq 8*" #n "(%[at]), %[word]\n\t"		\
	FIXUP(1##n##b, 2##n##f)

/*
 * Each step adds one word, so that entering at 2@n leaves the position at the
 * word that trapped.
 */
#define TRAPPED_AT(n)						\
	"2" #n ": add $8, %[at]\n"

/**
 * memscan_load - read every word of a page, or of part of one
 * @from: the first cache line
 * @to: end of the last one
 *
 * Prefetches all lines first, which keeps the memory busy. The hint is
 * non-temporal: the data is of no use to anybody and must not evict data that
 * is. Nothing outside the range is touched.
 *
 * Context: process context, where a machine check can be survived.
 * Return: @to and no trap, or the first word that could not be read and why.
 * No word after that one was read.
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
