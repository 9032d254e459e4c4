/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel says: reports about itself, and pages it tells lost. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

/* From now on; false if the log cannot be read. */
bool log_start(void);

/* Read what has come. */
void log_drain(void);

/* The first line that says the kernel is not well, or NULL. */
const char *log_report(void);
void log_forget_report(void);

/* Whether a line of memory_failure() has named the page. */
bool log_told(unsigned long pfn);

/* Lines since the start, and records that came too fast to be read. */
size_t log_lines(void);
size_t log_overruns(void);

#endif /* LOG_H */
