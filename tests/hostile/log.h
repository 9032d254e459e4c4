/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's log: reports of bugs, and pages reported as lost. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Start at the end of the log; false if it cannot be read. */
bool log_start(void);

/* Read the new records, but not endlessly many. */
void log_drain(void);

/* The first line that reports a bug of the kernel, or NULL. */
const char *log_report(void);
void log_forget_report(void);

/* True if a line of memory_failure() has named the page. */
bool log_told(unsigned long pfn);

/* Lines since the start, and how often records were overwritten unread. */
size_t log_lines(void);
size_t log_overruns(void);

#endif /* LOG_H */
