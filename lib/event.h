/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of events, filled by signal handlers of any thread and read
 * by one.  A slot's turn says whose it is: position when a writer may fill it,
 * position + 1 when it can be read.
 */
#ifndef MFR_EVENT_H
#define MFR_EVENT_H

#include <stdatomic.h>
#include <stdint.h>

#include <mfr.h>

struct mfr_event_slot {
	_Atomic uint64_t turn;
	struct mfr_event event;
};

struct mfr_events {
	int fd;				/* eventfd, does not block */
	_Atomic int overflow;
	_Atomic uint64_t tail;
	uint64_t head;			/* the reader's */
	uint64_t mask;
	struct mfr_event_slot *slots;
};

int mfr_events_init(struct mfr_events *events, unsigned int count);
void mfr_events_exit(struct mfr_events *events);

/* Queue, or set overflow, and wake the reader.  Async-signal-safe. */
void mfr_events_add(struct mfr_events *events, const struct mfr_event *event);

#endif /* MFR_EVENT_H */
