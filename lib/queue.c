// SPDX-License-Identifier: MIT
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mfr_queue_init(struct mfr_queue *queue, unsigned int count)
{
	unsigned int i;
	int err;

	queue->slots = calloc(count, sizeof(*queue->slots));
	if (!queue->slots)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		atomic_init(&queue->slots[i].turn, i);
	queue->mask = count - 1;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0) {
		err = -errno;
		free(queue->slots);
		return err;
	}
	return 0;
}

void mfr_queue_exit(struct mfr_queue *queue)
{
	close(queue->fd);
	free(queue->slots);
}

/* Claim a slot to fill; NULL if the queue is full. */
static struct mfr_queue_slot *claim(struct mfr_queue *q, uint64_t *position)
{
	uint64_t at = atomic_load(&q->tail), turn;
	struct mfr_queue_slot *slot;

	for (;;) {
		slot = &q->slots[at & q->mask];
		turn = atomic_load(&slot->turn);
		if (turn < at)
			return NULL;
		if (turn > at)
			at = atomic_load(&q->tail);
		else if (atomic_compare_exchange_weak(&q->tail, &at, at + 1))
			break;
	}
	*position = at;
	return slot;
}

void mfr_queue_add(struct mfr_queue *queue,
		   const struct mfr_queue_event *event)
{
	const uint64_t one = 1;
	struct mfr_queue_slot *slot;
	uint64_t position;
	int saved = errno;

	slot = claim(queue, &position);
	if (slot) {
		slot->event = *event;
		atomic_store(&slot->turn, position + 1);
	} else {
		atomic_store(&queue->overflow, 1);
	}
	/* Fails only if the counter is at its maximum: still readable */
	if (write(queue->fd, &one, sizeof(one)) < 0)
		errno = saved;
}

static bool take(struct mfr_queue *q, struct mfr_queue_event *event)
{
	struct mfr_queue_slot *slot = &q->slots[q->head & q->mask];

	if (atomic_load(&slot->turn) != q->head + 1)
		return false;
	*event = slot->event;
	atomic_store(&slot->turn, q->head + q->mask + 1);
	q->head++;
	return true;
}

static bool take_overflow(struct mfr_queue *q, struct mfr_queue_event *event)
{
	*event = (struct mfr_queue_event){ .flags = MFR_EVENT_OVERFLOW };
	return atomic_exchange(&q->overflow, 0);
}

bool mfr_queue_take(struct mfr_queue *queue, struct mfr_queue_event *event)
{
	const int saved = errno;
	uint64_t wakeups;

	if (read(queue->fd, &wakeups, sizeof(wakeups)) < 0)
		errno = saved;
	return take(queue, event) || take_overflow(queue, event);
}
