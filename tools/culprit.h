/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process that an event is about.
 */
#ifndef MFR_CULPRIT_H
#define MFR_CULPRIT_H

#include <event-parse.h>

/* Pid 0 and the command "?" if the event is about no process. */
struct culprit {
	int pid;
	char command[32];
};

struct culprit culprit_of(struct tep_handle *tep, struct tep_event *event,
			  struct tep_record *record);

#endif /* MFR_CULPRIT_H */
