/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log from a chosen moment on. */
#ifndef KMSG_H
#define KMSG_H

#include <stdbool.h>
#include <stddef.h>

/* Start now, without any earlier lines; 0 or -errno. */
int kmsg_start(void);

/* Start with the oldest line that the kernel still has; 0 or -errno. */
int kmsg_start_at_boot(void);

/* Drop the lines read so far; all later ones are counted. */
void kmsg_forget(void);

/* Lines since the start that contain the text. */
size_t kmsg_count(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * Sleep until @n more lines with the text have arrived; false if the log falls
 * silent before.  The wait itself executes no instructions.  kmsg_count() does
 * not see the lines that this function reads.
 */
bool kmsg_await(const char *text, size_t n);

/*
 * Turn the kernel's log on the console on (the default) or off: printing
 * thousands of lines there takes longer than the work that they report.  The
 * lab finds bugs and warnings on the console, so compare kernel_taint() then.
 */
int kmsg_console(bool loud);

/* The kernel's taint flags, except for the one that machine checks set. */
long kernel_taint(void);

#endif /* KMSG_H */
