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

/* What decides how code is translated: bits */
enum watch {
	WATCH_LOADS = 1,
	WATCH_BLOCKS = 2,	/* count.c */
};

/*
 * Neither @cpu, which asks, nor any other executes after its doorbell what was
 * translated otherwise.
 */
void watch(struct CPUState *cpu, enum watch what, bool on);
bool watched(enum watch what);

/* For a moment in which no CPU executes. */
void forget_callbacks(uint64_t id);

#endif /* LAB_WATCH_H */
