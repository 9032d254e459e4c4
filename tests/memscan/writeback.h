/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of a file that stays under writeback until it is let go; the kernel
 * waits for that, also in memory_failure().  Needs a guest with the disk of
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

/* 0, -errno, or -ETIME if no page stays under writeback.  Takes seconds. */
int writeback_hold(struct writeback *held);

/* Call it in any case: the guest cannot shut down while its disk is held. */
int writeback_let_go(void);

#endif /* WRITEBACK_H */
