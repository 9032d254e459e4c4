/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout and print format of the kernel's events, for libtraceevent.
 *
 * tracefs_local_events() also reads all symbols of the kernel, which takes
 * seconds during which errors would be missed.
 */
#ifndef MFR_EVENT_FORMATS_H
#define MFR_EVENT_FORMATS_H

#include <tracefs.h>

/* The caller frees it with tep_free().  NULL with errno on failure. */
struct tep_handle *event_formats_new(void);

/* Add the format of one event.  0, or -1 with errno. */
int event_formats_add(struct tep_handle *tep, const char *system,
		      const char *event);

#endif /* MFR_EVENT_FORMATS_H */
