/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poison guest memory from a program that runs in the lab (lab/vm run).
 *
 *	char *p = mmap(...);			 map and touch the page
 *	lab_poison_add(lab_pa(p + 64), 1);	 poison its second line
 *	p[64];					 machine check, hence SIGBUS
 *	lab_poison_del(lab_pa(p + 64), 1);	 remove the poison
 *
 * Addresses are guest physical addresses and lengths are bytes.  Poison covers
 * lines of 64 bytes: a call acts on every line that [pa, pa + len) touches.
 * Every load from a poisoned line raises #MC, also one by the kernel; a store
 * never signals and repairs nothing.  Only lab_poison_del() and
 * lab_poison_clear() remove poison, so delete what you added before the page
 * goes back to the kernel, or the page's next owner dies of it.
 *
 * Functions that return int or int64_t return a negative errno on failure;
 * outside the lab that is -ENODEV, and nothing happens.  None needs
 * privileges, touches errno, takes a lock or allocates: all may be called
 * from any thread and from signal handlers.  When an add or a delete returns,
 * it is in effect on all CPUs.
 */
#ifndef LAB_POISON_H
#define LAB_POISON_H

#include <stddef.h>
#include <stdint.h>

#include "doorbell.h"

#define LAB_POISON_LINE_BYTES	64

/*
 * Guest physical address that @va of the caller maps to.  -EFAULT if no page
 * is mapped there now: touch it first, and mlock() it if it must stay.
 */
static inline int64_t lab_pa(const void *va)
{
	return lab_request(LAB_PA, (uintptr_t)va, 0);
}

/*
 * Poison every line of [@pa, @pa + @len).  0; -EINVAL for an empty range or
 * one that wraps; -EFAULT if any of it is not RAM (then none is poisoned).
 * Poisoning a poisoned line is not an error.
 */
static inline int lab_poison_add(uint64_t pa, size_t len)
{
	return (int)lab_request(LAB_POISON_ADD, pa, len);
}

/* Remove poison, with the same errors; a healthy line is not an error. */
static inline int lab_poison_del(uint64_t pa, size_t len)
{
	return (int)lab_request(LAB_POISON_DEL, pa, len);
}

/* Delete all poison, whoever added it; the guest runs at full speed again. */
static inline int lab_poison_clear(void)
{
	return (int)lab_request(LAB_POISON_CLEAR, 0, 0);
}

/* Machine checks that loads of poison have raised since power-on. */
static inline int64_t lab_poison_hits(void)
{
	return lab_request(LAB_POISON_HITS, 0, 0);
}

/*
 * 1 if a load of the line at @pa has raised a machine check since the line was
 * poisoned, else 0; also after it was healed.  -EFAULT if @pa is not RAM.
 */
static inline int lab_poison_met(uint64_t pa)
{
	return (int)lab_request(LAB_POISON_MET, pa, 0);
}

/*
 * Loads of poison since power-on that the lab could not turn into a machine
 * check.  If this count grew, a test must fail: hardware would have signalled.
 */
static inline int64_t lab_poison_missed(void)
{
	return lab_request(LAB_POISON_MISSED, 0, 0);
}

/*
 * Report the line at @pa as the patrol scrubber does: an SRAO machine check,
 * broadcast to all CPUs (Intel SDM Vol. 3B, "Machine-Check Error Codes",
 * memory scrubbing).  It neither needs nor adds poison.  0 once it is queued,
 * the check itself comes a moment later; -EFAULT if @pa is not RAM;
 * -EOPNOTSUPP on --cpu amd, which has no SRAO.  A second report while a CPU
 * still handles a machine check resets the guest, as on hardware.
 */
static inline int lab_scrub_report(uint64_t pa)
{
	return (int)lab_request(LAB_SCRUB_REPORT, pa, 0);
}

#endif /* LAB_POISON_H */
