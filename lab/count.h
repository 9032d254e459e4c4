/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Count the instructions that the guest executes, from a program that runs in
 * the lab (lab/vm run): a measure of cost without the noise that times have in
 * software emulation.
 *
 *	lab_count_start();
 *	before = lab_count();
 *	read(fd, data, 4096);
 *	cost = lab_count() - before;
 *	lab_count_stop();
 *
 * User and kernel mode are counted.  lab_count() covers all CPUs, including
 * work that another CPU does for the caller, and timer ticks: measure several
 * times and take the median.  If only the caller's CPU matters, pin the caller
 * to a CPU and use lab_count_cpu().
 *
 * Straight code and loops are counted exactly, whether or not poison is being
 * watched; the same code gives the same number again.  Up to ten instructions
 * of the call of lab_count() are included.  A count never decreases.
 *
 * Not exact:
 * - After an exception (page fault, machine check...) within a block of
 *   translated code (the instructions up to the next jump), the rest of the
 *   block has been counted, and is counted again when it does run.
 * - A string instruction with a REP prefix counts once, as on hardware,
 *   however often it repeats; not at all if a jump leads to it.
 * - The last few instructions of other CPUs may be missing.
 *
 * All CPUs run slower while counting (tests/lab/run prints by how much), and
 * at full speed before lab_count_start().  Functions return a negative errno
 * on failure, -ENODEV outside the lab; they need no privileges and may be
 * called from any thread and from signal handlers.
 */
#ifndef LAB_COUNT_H
#define LAB_COUNT_H

#include <stdint.h>

#include "doorbell.h"

/* Start counting.  0, also if counting already. */
static inline int lab_count_start(void)
{
	return (int)lab_request(LAB_COUNT_START, 0, 0);
}

/* Instructions of all CPUs so far; -ENODATA while not counting. */
static inline int64_t lab_count(void)
{
	return lab_request(LAB_COUNT, 0, 0);
}

/* The same for the CPU that the caller is running on. */
static inline int64_t lab_count_cpu(void)
{
	return lab_request(LAB_COUNT_CPU, 0, 0);
}

/* Stop counting, whoever started it; the guest runs at full speed again. */
static inline int lab_count_stop(void)
{
	return (int)lab_request(LAB_COUNT_STOP, 0, 0);
}

#endif /* LAB_COUNT_H */
