/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a program in the guest sends a request to the lab; poison.h and count.h
 * describe the requests.
 *
 * A request is a no-op instruction with a magic operand.  The QEMU plugin
 * beside this file (poison.c) recognises it when QEMU translates it: it needs
 * no driver and no privileges, and is harmless elsewhere.  The jump before it
 * makes it the first instruction of a translated block, where all guest
 * registers are in memory.  The jump after it ends the block, so that what the
 * request changed applies from there on.
 */
#ifndef LAB_DOORBELL_H
#define LAB_DOORBELL_H

#include <errno.h>
#include <stdint.h>

/* nopl 0x7266_6d01(%rax,%rax,1): Intel SDM Vol. 2B, "NOP", the 8-byte form. */
#define LAB_DOORBELL_BYTES \
	0x0f, 0x1f, 0x84, 0x00, 0x01, 0x6d, 0x66, 0x72

/* No result has this upper half: RAX still has it if nothing answered. */
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
	LAB_COUNT_START,
	LAB_COUNT,
	LAB_COUNT_CPU,
	LAB_COUNT_STOP,
	LAB_POISON_MET,
	LAB_STALE_MET,	/* how often code was begun again: stale.c */
};

#define LAB_STRINGIFY(...)	#__VA_ARGS__
#define LAB_BYTES(...)		".byte " LAB_STRINGIFY(__VA_ARGS__)

/* Returns the result: 0 or more, a negative errno, or -ENODEV without a lab. */
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

#endif /* LAB_DOORBELL_H */
