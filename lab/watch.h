/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LAB_WATCH_H
#define LAB_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct CPUState;

/* QEMU's own */
union work_arg {
	void *ptr;
	uint64_t addr;
};

struct CPUState *qemu_get_cpu(int index);

/* What is watched, which decides how code is translated: bits */
enum watch {
	WATCH_LOADS = 1,
	WATCH_BLOCKS = 2,	/* count.c */
};

/*
 * Start or stop watching for @cpu, which made the request.  After its doorbell,
 * no CPU executes blocks that were translated for the old state.
 */
void watch(struct CPUState *cpu, enum watch what, bool on);
bool watched(enum watch what);

/* Call it only while no CPU executes. */
void forget_callbacks(uint64_t id);

#endif /* LAB_WATCH_H */
