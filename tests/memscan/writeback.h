/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of a file whose way to the disk takes until it is let go: the kernel
 * waits for it meanwhile, memory_failure() too.  Wants a guest with the disk of
 * cachedfile.h, and QEMU's monitor.
 */
#ifndef WRITEBACK_H
#define WRITEBACK_H

#include <stdint.h>

struct writeback {
	int fd;
	char *map;
	int64_t pa;	/* of the page that is held */
};

/* 0, -errno, or -ETIME if all is written nevertheless.  Takes seconds. */
int writeback_hold(struct writeback *held);

/* To be called in any case: without its disk the guest cannot end. */
int writeback_let_go(void);

#endif /* WRITEBACK_H */
