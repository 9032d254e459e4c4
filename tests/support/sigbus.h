/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIGBUS as the process gets it.  Action optional is counted and the process
 * goes on; action required, and every other SIGBUS, ends the guarded access
 * that it interrupts.  Outside of a guarded access it kills, as it would
 * without a handler.
 */
#ifndef SIGBUS_H
#define SIGBUS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct sigbus {
	int code;	/* si_code: BUS_MCEERR_AR, ... */
	int lsb;	/* si_addr_lsb, log2 of the bytes that are lost */
	uintptr_t addr;	/* si_addr */
};

/* Install the handler and forget what was counted. */
void sigbus_catch(void);

/* Call @what(@arg), of which all that a jump may skip: true if in SIGBUS. */
bool sigbus_on(void (*what)(volatile char *arg), volatile char *arg,
	       struct sigbus *seen);

/* Load or store one byte; true if it ended in SIGBUS, @seen then says which. */
bool sigbus_on_load(const void *addr, struct sigbus *seen);
bool sigbus_on_store(void *addr, struct sigbus *seen);

/*
 * MADV_HWPOISON of the base page at @addr: the kernel takes the caller for
 * the consumer of the error, so it gets a signal as for a load.  @err is 0 or
 * the -errno of a call that ended without one.
 */
bool sigbus_on_hwpoison(void *addr, struct sigbus *seen, int *err);

/* Action optional signals since sigbus_catch(), @last may be NULL. */
unsigned int sigbus_optional(struct sigbus *last);

#endif /* SIGBUS_H */
