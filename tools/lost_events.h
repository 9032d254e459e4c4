/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that the kernel overwrote or dropped before they were read.
 */
#ifndef MFR_LOST_EVENTS_H
#define MFR_LOST_EVENTS_H

#include <stdint.h>
#include <tracefs.h>

/* Count those of all CPUs since @instance was made.  0, or -1 with errno. */
int lost_events_count(struct tracefs_instance *instance, uint64_t *count);

#endif /* MFR_LOST_EVENTS_H */
