// SPDX-License-Identifier: MIT
#include "event.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "context.h"
#include "sized.h"

int mfr_events_init(struct mfr_events *events, unsigned int count)
{
	unsigned int i;

	events->slots = calloc(count, sizeof(*events->slots));
	if (!events->slots)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		atomic_init(&events->slots[i].turn, i);
	events->mask = count - 1;
	events->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (events->fd < 0) {
		free(events->slots);
		return -errno;
	}
	return 0;
}

void mfr_events_exit(struct mfr_events *events)
{
	close(events->fd);
	free(events->slots);
}

/* The slot that is ours to fill; NULL if the reader is a round behind. */
static struct mfr_event_slot *claim(struct mfr_events *e, uint64_t *position)
{
	uint64_t at = atomic_load(&e->tail), turn;
	struct mfr_event_slot *slot;

	for (;;) {
		slot = &e->slots[at & e->mask];
		turn = atomic_load(&slot->turn);
		if (turn < at)
			return NULL;
		if (turn > at)
			at = atomic_load(&e->tail);
		else if (atomic_compare_exchange_weak(&e->tail, &at, at + 1))
			break;
	}
	*position = at;
	return slot;
}

void mfr_events_add(struct mfr_events *events, const struct mfr_event *event)
{
	const uint64_t one = 1;
	struct mfr_event_slot *slot;
	uint64_t position;
	int saved = errno;

	slot = claim(events, &position);
	if (slot) {
		slot->event = *event;
		atomic_store(&slot->turn, position + 1);
	} else {
		atomic_store(&events->overflow, 1);
	}
	/* Fails only where the counter is full: readable all the same */
	if (write(events->fd, &one, sizeof(one)) < 0)
		errno = saved;
}

int mfr_event_fd(const struct mfr_context *context)
{
	int err = mfr_context_check(context);

	return err ? err : context->events.fd;
}

static bool take(struct mfr_events *e, struct mfr_event *event)
{
	struct mfr_event_slot *slot = &e->slots[e->head & e->mask];

	if (atomic_load(&slot->turn) != e->head + 1)
		return false;
	*event = slot->event;
	atomic_store(&slot->turn, e->head + e->mask + 1);
	e->head++;
	return true;
}

static bool take_overflow(struct mfr_events *e, struct mfr_event *event)
{
	*event = (struct mfr_event){ .flags = MFR_EVENT_OVERFLOW };
	return atomic_exchange(&e->overflow, 0);
}

int mfr_event_next(struct mfr_context *context, struct mfr_event *event)
{
	int saved = errno, err = mfr_context_check(context);
	struct mfr_event next;
	uint64_t wakeups;

	if (err)
		return err;
	if (!event)
		return -EFAULT;
	err = mfr_sized_check(event, MFR_EVENT_FIRST);
	if (err)
		return err;
	if (read(context->events.fd, &wakeups, sizeof(wakeups)) < 0)
		errno = saved;
	if (!take(&context->events, &next) &&
	    !take_overflow(&context->events, &next))
		return 0;
	mfr_sized_write(event, MFR_EVENT_FIRST, &next, sizeof(next));
	return 1;
}
