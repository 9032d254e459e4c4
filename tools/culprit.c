// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machine checks and EDAC's events are reported by a kworker some time after
 * some task loaded the poison, so the task that was running is not the one.
 * SIGBUS names its process itself.  A memory failure is handled in the context
 * of the process that consumed the error, or asked for it (hard_offline_page,
 * madvise(2)); or of a kernel thread, which says nothing about a process.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tracefs.h>

#include "culprit.h"
#include "root.h"

#define PF_KTHREAD	0x00200000u

static bool runs_in_context(const struct tep_event *event)
{
	return !strcmp(event->name, "memory_failure_event") ||
	       !strcmp(event->system, "memscan");
}

/* The ninth field; the second one, in parentheses, may have any bytes. */
static bool is_kernel_thread(int pid)
{
	char stat[512], *end;
	unsigned int flags;

	if (read_line(stat, sizeof(stat), "/proc/%d/stat", pid))
		return false;
	end = strrchr(stat, ')');
	return end && sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %u",
			     &flags) == 1 && flags & PF_KTHREAD;
}

/* The name of a process that has died is only in the tracer's cache. */
static void find_command(struct culprit *culprit, struct tep_handle *tep)
{
	const char *command;

	if (!read_line(culprit->command, sizeof(culprit->command),
		       "/proc/%d/comm", culprit->pid))
		return;
	tracefs_load_cmdlines(NULL, tep);
	command = tep_data_comm_from_pid(tep, culprit->pid);
	if (command && *command != '<')
		snprintf(culprit->command, sizeof(culprit->command), "%s",
			 command);
	else
		strcpy(culprit->command, "?");
}

/* The receiver of a signal, which may not be the task that was running. */
static bool find_receiver(struct culprit *culprit, struct tep_event *event,
			  struct tep_record *record)
{
	unsigned long long pid;
	const char *comm;
	int len;

	if (strcmp(event->name, "signal_generate") ||
	    tep_get_field_val(NULL, event, "pid", record, &pid, 0))
		return false;
	culprit->pid = (int)pid;
	comm = tep_get_field_raw(NULL, event, "comm", record, &len, 0);
	snprintf(culprit->command, sizeof(culprit->command), "%.*s",
		 comm ? len : 1, comm ? comm : "?");
	return true;
}

struct culprit culprit_of(struct tep_handle *tep, struct tep_event *event,
			  struct tep_record *record)
{
	struct culprit culprit = { .command = "?" };

	if (find_receiver(&culprit, event, record) || !runs_in_context(event))
		return culprit;
	culprit.pid = tep_data_pid(tep, record);
	if (culprit.pid && is_kernel_thread(culprit.pid))
		culprit.pid = 0;
	if (culprit.pid)
		find_command(&culprit, tep);
	return culprit;
}
