/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocations that fail on demand, in chosen tasks only (kernel's fault
 * injection: Documentation/fault-injection/fault-injection.rst).
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

#define FAULT_SLAB	"failslab"
#define FAULT_PAGES	"fail_page_alloc"

/*
 * The next @times allocations of such a task fail; of pages, those of
 * 2^@order or more.  0 or -errno.
 */
int fault_arm(const char *which, long times, int order);
int fault_disarm(const char *which);

/* How many are still to fail; -errno. */
long fault_left(const char *which);

/*
 * Whose allocations fail: the caller's, those of kernel workers that are bound
 * to no CPU.  The descriptor is opened before, as that allocates.
 */
int fault_self_open(void);
int fault_self(int fd, bool fail);
int fault_unbound_workers(bool fail);

#endif /* FAULT_H */
