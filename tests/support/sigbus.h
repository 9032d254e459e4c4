/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Handling of SIGBUS.  AO is counted and the process continues; AR, and every
 * other SIGBUS, ends the guarded access that it interrupts.  Outside of a
 * guarded access it kills the process, as it would without a handler.
 */
#ifndef SIGBUS_H
#define SIGBUS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct sigbus {
	int code;	/* si_code: BUS_MCEERR_AR, ... */
	int lsb;	/* si_addr_lsb, log2 of the lost bytes */
	uintptr_t addr;	/* si_addr */
};

/* Install the handler and reset the count. */
void sigbus_catch(void);

/* Call @what(@arg); true if it ended in SIGBUS, which jumps out of it. */
bool sigbus_on(void (*what)(volatile char *arg), volatile char *arg,
	       struct sigbus *seen);

/* Load or store one byte; true if it ended in SIGBUS, described by @seen. */
bool sigbus_on_load(const void *addr, struct sigbus *seen);
bool sigbus_on_store(void *addr, struct sigbus *seen);

/*
 * MADV_HWPOISON of the base page at @addr: the kernel treats the caller as the
 * consumer of the error and signals it as for a load.  Without a signal, @err
 * is the call's result: 0 or -errno.
 */
bool sigbus_on_hwpoison(void *addr, struct sigbus *seen, int *err);

/* Number of AO signals since sigbus_catch(); @last may be NULL. */
unsigned int sigbus_optional(struct sigbus *last);

#endif /* SIGBUS_H */
