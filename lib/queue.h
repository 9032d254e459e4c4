/* SPDX-License-Identifier: MIT */
/*
 * A bounded queue of events, filled by signal handlers of any thread and read
 * by one thread.  A slot's turn is the position of the event that a writer may
 * store there, and that position + 1 once the event can be read.
 */
#ifndef MFR_QUEUE_H
#define MFR_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <mfr.h>

/* Names the region by number, as it may be gone when the event is taken. */
struct mfr_queue_event {
	uint64_t region;
	struct mfr_range range;
	unsigned int flags;
};

struct mfr_queue_slot {
	_Atomic uint64_t turn;
	struct mfr_queue_event event;
};

struct mfr_queue {
	int fd;				/* eventfd, non-blocking */
	_Atomic int overflow;
	_Atomic uint64_t tail;
	uint64_t head;			/* the reader's */
	uint64_t mask;
	struct mfr_queue_slot *slots;
};

int mfr_queue_init(struct mfr_queue *queue, unsigned int count);
void mfr_queue_exit(struct mfr_queue *queue);

/* Add an event, or note an overflow; wake the reader.  Async-signal-safe. */
void mfr_queue_add(struct mfr_queue *queue,
		   const struct mfr_queue_event *event);

/* Take the oldest event, then an overflow; false if there is neither. */
bool mfr_queue_take(struct mfr_queue *queue, struct mfr_queue_event *event);

#endif /* MFR_QUEUE_H */
