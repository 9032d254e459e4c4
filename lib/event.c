// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdbool.h>

#include <mfr.h>

#include "context.h"
#include "region.h"
#include "sized.h"

int mfr_event_fd(const struct mfr_context *context)
{
	int err = mfr_context_check(context);

	return err ? err : context->queue.fd;
}

/* False if its region was destroyed: then nobody is to hear of it. */
static bool fill(struct mfr_context *c, const struct mfr_queue_event *queued,
		 struct mfr_event *event)
{
	*event = (struct mfr_event){
		.range = queued->range, .flags = queued->flags,
	};
	if (queued->flags & MFR_EVENT_OVERFLOW)
		return true;
	event->region = mfr_context_region(c, queued->region, &event->value);
	return event->region;
}

int mfr_event_next(struct mfr_context *context, struct mfr_event *event)
{
	int err = mfr_context_check(context);
	struct mfr_queue_event queued;
	struct mfr_event next;

	if (err)
		return err;
	if (!event)
		return -EFAULT;
	err = mfr_sized_check(event, MFR_EVENT_FIRST);
	if (err)
		return err;
	if (!mfr_context_is_here(context))
		return -EPERM;
	do {
		if (!mfr_queue_take(&context->queue, &queued))
			return 0;
	} while (!fill(context, &queued, &next));
	mfr_sized_write(event, MFR_EVENT_FIRST, &next, sizeof(next));
	return 1;
}
