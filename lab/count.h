/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Count the instructions that the guest executes, from a program that runs in
 * the lab (lab/vm run): what something costs, as a figure without the noise
 * that time has in software emulation.
 *
 *	lab_count_start();
 *	before = lab_count();
 *	read(fd, data, 4096);
 *	cost = lab_count() - before;
 *	lab_count_stop();
 *
 * The count is of user and kernel, and lab_count() of all CPUs: it has the
 * work that another CPU does for the caller, and that of a timer that happens
 * to tick.  So measure several times and take the median; or take
 * lab_count_cpu(), pinned to a CPU, if no other's work is of interest.
 *
 * Exact: straight code and loops, with or without poison being watched; the
 * same code again gives the same number.  The call of lab_count() itself is
 * in the number with up to ten instructions.  It never goes backwards.
 *
 * Not exact:
 * - An exception (page fault, machine check...) amid a block of translated
 *   code, a few instructions that run to the next jump: those of the block
 *   that are left are counted, and counted again when they do run.
 * - A string instruction with a REP prefix counts once, as hardware counts it,
 *   however often it repeats; not at all if a jump leads to it.
 * - Of another CPU, the last instructions up to this moment.
 *
 * All CPUs run slower while a count is running, by how much tests/lab/run
 * tells; nothing is slower before lab_count_start().  Functions return a
 * negative errno on failure, -ENODEV outside of the lab; they need no
 * privileges and may be called from any thread and from signal handlers.
 */
#ifndef LAB_COUNT_H
#define LAB_COUNT_H

#include <stdint.h>

#include "doorbell.h"

/* Start to count.  0, also if that was done before. */
static inline int lab_count_start(void)
{
	return (int)lab_request(LAB_COUNT_START, 0, 0);
}

/* Instructions of all CPUs up to now; -ENODATA while none are counted. */
static inline int64_t lab_count(void)
{
	return lab_request(LAB_COUNT, 0, 0);
}

/* The same of the CPU that the caller happens to run on. */
static inline int64_t lab_count_cpu(void)
{
	return lab_request(LAB_COUNT_CPU, 0, 0);
}

/* Stop, whoever has started; the guest runs at full speed again. */
static inline int lab_count_stop(void)
{
	return (int)lab_request(LAB_COUNT_STOP, 0, 0);
}

#endif /* LAB_COUNT_H */
