/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail on demand, in chosen tasks only, by the kernel's fault
 * injection: Documentation/fault-injection/fault-injection.rst.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

#define FAULT_SLAB	"failslab"
#define FAULT_PAGES	"fail_page_alloc"

/*
 * The next @times allocations of the tasks chosen below fail; FAULT_PAGES
 * counts allocations of 2^@order pages or more.  0 or -errno.
 */
int fault_arm(const char *which, long times, int order);
int fault_disarm(const char *which);

/* How many allocations are still to fail, or -errno. */
long fault_left(const char *which);

/*
 * Choose the tasks: the caller, or the kernel workers that are not bound to a
 * CPU.  Opening @fd is a separate step because it allocates memory.
 */
int fault_self_open(void);
int fault_self(int fd, bool fail);
int fault_unbound_workers(bool fail);

#endif /* FAULT_H */
