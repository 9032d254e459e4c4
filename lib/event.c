// SPDX-License-Identifier: MIT
#include <errno.h>

#include <mfr.h>

#include "context.h"
#include "sized.h"

int mfr_event_fd(const struct mfr_context *context)
{
	int err = mfr_context_check(context);

	return err ? err : context->queue.fd;
}

int mfr_event_next(struct mfr_context *context, struct mfr_event *event)
{
	int err = mfr_context_check(context);
	struct mfr_event next;

	if (err)
		return err;
	if (!event)
		return -EFAULT;
	err = mfr_sized_check(event, MFR_EVENT_FIRST);
	if (err)
		return err;
	if (!mfr_queue_take(&context->queue, &next))
		return 0;
	mfr_sized_write(event, MFR_EVENT_FIRST, &next, sizeof(next));
	return 1;
}
