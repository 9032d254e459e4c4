/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread on each CPU that wants to run fifty times a second, ahead of all
 * that is not its equal.  Where it does not, while the CPU takes a second's
 * timer interrupts, nothing was rescheduled for a second.  A clock would not
 * tell: an emulated CPU stands still while its thread on the host waits.
 */
#ifndef HEARTBEAT_H
#define HEARTBEAT_H

#include <stdbool.h>

/* Priority (SCHED_FIFO) of those threads; false if they cannot be had. */
#define HEARTBEAT_PRIORITY	60
bool heartbeat_start(void);

/* Multiply all limits, for a kernel that does more work for each step. */
void heartbeat_patience(unsigned int factor);

/* Look, at least ten times a second; the CPU that is lost, or -1. */
int heartbeat_lost_cpu(void);
void heartbeat_forget(void);

/* A stretch of time in which each CPU was free to run for a second. */
struct second {
	unsigned long beats[8];
	unsigned long since_ms;
};

void second_start(struct second *second);
bool second_over(const struct second *second);

unsigned long clock_ms(void);

#endif /* HEARTBEAT_H */
