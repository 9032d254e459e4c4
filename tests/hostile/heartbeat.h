/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread on each CPU wakes fifty times per second, with a higher priority
 * than all tasks but the observer.  If it does not run during a second of busy
 * ticks, its CPU did not reschedule for a second.  A clock cannot show this: an
 * emulated CPU stands still while its thread on the host waits.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <stdbool.h>

/* Priority (SCHED_FIFO) of the threads; false if they cannot be started. */
#define HEARTBEAT_PRIORITY	60
bool heartbeat_start(void);

/* Multiply all limits, for a kernel that takes more work for each step. */
void heartbeat_patience(unsigned int factor);

/* Call it at least ten times per second.  Returns a lost CPU, or -1. */
int heartbeat_lost_cpu(void);
void heartbeat_forget(void);

/* A span of time in which each CPU was able to run for a second. */
struct second {
	unsigned long beats[8];
	unsigned long since_ms;
};

void second_start(struct second *second);
bool second_over(const struct second *second);

unsigned long clock_ms(void);

#endif /* HEARTBEAT_H */
