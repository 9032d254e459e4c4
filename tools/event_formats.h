/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the kernel's events are laid out and put in words, for libtraceevent.
 *
 * tracefs_local_events() would do, but reads all symbols of the kernel too:
 * seconds, in which errors are not seen.
 */
#ifndef MFR_EVENT_FORMATS_H
#define MFR_EVENT_FORMATS_H

#include <tracefs.h>

/* To be freed by tep_free(); NULL with errno if it cannot be had. */
struct tep_handle *event_formats_new(void);

/* 0, or -1 with errno. */
int event_formats_add(struct tep_handle *tep, const char *system,
		      const char *event);

#endif /* MFR_EVENT_FORMATS_H */
