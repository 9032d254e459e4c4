/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that the kernel wrote over before anybody read them.
 */
#ifndef MFR_LOST_EVENTS_H
#define MFR_LOST_EVENTS_H

#include <stdint.h>
#include <tracefs.h>

/* How many, of all CPUs, since the instance was made.  0, or -1 with errno. */
int lost_events_count(struct tracefs_instance *instance, uint64_t *count);

#endif /* MFR_LOST_EVENTS_H */
