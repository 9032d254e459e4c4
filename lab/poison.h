/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poison guest memory from a program that runs in the lab (lab/vm run).
 *
 *	char *p = mmap(...);			 map and touch the page
 *	lab_poison_add(lab_pa(p + 64), 1);	 its second line is broken now
 *	p[64];					 machine check, hence SIGBUS
 *	lab_poison_del(lab_pa(p + 64), 1);	 repaired
 *
 * Addresses are guest physical addresses and lengths are bytes.  Poison lives
 * in lines of 64 bytes: a call acts on every line that [pa, pa + len) touches.
 * A load from a poisoned line raises #MC each time, whoever loads; a store
 * never signals and repairs nothing.  Only lab_poison_del() and
 * lab_poison_clear() end it, so delete what you added before the page goes
 * back to the kernel, or the page's next owner dies in your place.
 *
 * Functions that return int or int64_t return a negative errno on failure;
 * outside of the lab that is -ENODEV, and nothing happens.  None needs
 * privileges, touches errno, takes a lock or allocates: all may be called
 * from any thread and from signal handlers.  When an add or a delete returns,
 * all CPUs obey it.
 *
 * How: the request is a no-op instruction with a magic operand, which the
 * QEMU plugin beside this file (poison.c) recognises when it translates it.
 * It has to be the first instruction of a translated block, where all guest
 * registers are in memory; a jump to it makes it so.  A jump behind it ends
 * the block, so that what the request changed holds from there on.
 */
#ifndef LAB_POISON_H
#define LAB_POISON_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#define LAB_POISON_LINE_BYTES	64

/* nopl 0x7266_6d01(%rax,%rax,1): Intel SDM Vol. 2B, "NOP", the 8-byte form. */
#define LAB_DOORBELL_BYTES \
	0x0f, 0x1f, 0x84, 0x00, 0x01, 0x6d, 0x66, 0x72

/* No result has the upper half of a request: it marks an unanswered one. */
#define LAB_REQUEST_BASE	0x6d66720000000000
enum lab_request {
	LAB_PRESENT = 1,
	LAB_PA,
	LAB_POISON_ADD,
	LAB_POISON_DEL,
	LAB_POISON_CLEAR,
	LAB_POISON_HITS,
	LAB_POISON_MISSED,
	LAB_SCRUB_REPORT,
};

#define LAB_STRINGIFY(...)	#__VA_ARGS__
#define LAB_BYTES(...)		".byte " LAB_STRINGIFY(__VA_ARGS__)

/* Result of the request: 0 or more, a negative errno, -ENODEV if no lab. */
static inline int64_t lab_request(enum lab_request what, uint64_t arg,
				  uint64_t len)
{
	int64_t request = LAB_REQUEST_BASE + what, rax = request;

	__asm__ volatile("jmp 1f\n1:\t" LAB_BYTES(LAB_DOORBELL_BYTES) "\n\t"
			 "jmp 2f\n2:"
			 : "+a" (rax) : "D" (arg), "S" (len) : "memory");
	return rax == request ? -ENODEV : rax;
}

/* 1 in the lab, 0 elsewhere. */
static inline int lab_present(void)
{
	return lab_request(LAB_PRESENT, 0, 0) == 1;
}

/*
 * Guest physical address behind @va of the caller.  -EFAULT if no page is
 * mapped there right now: touch it first, and mlock() it if it must stay.
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

/* The opposite, with the same errors; a healthy line is not an error. */
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
 * Loads of poison that could not be turned into a machine check since
 * power-on.  A test must fail if this moved: what it saw is not what hardware
 * does.
 */
static inline int64_t lab_poison_missed(void)
{
	return lab_request(LAB_POISON_MISSED, 0, 0);
}

/*
 * Report the line at @pa as the patrol scrubber does: an SRAO machine check,
 * broadcast to all CPUs (Intel SDM Vol. 3B, "Machine-Check Error Codes",
 * memory scrubbing).  It neither needs nor adds poison.  0 once it is under
 * way, the check itself comes a moment later; -EFAULT if @pa is not RAM;
 * -EOPNOTSUPP on --cpu amd, which knows no SRAO.  A second report while a CPU
 * still handles a machine check resets the guest, as on hardware.
 */
static inline int lab_scrub_report(uint64_t pa)
{
	return (int)lab_request(LAB_SCRUB_REPORT, pa, 0);
}

#endif /* LAB_POISON_H */
