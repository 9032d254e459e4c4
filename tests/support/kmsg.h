/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log, from a moment on. */
#ifndef KMSG_H
#define KMSG_H

#include <stdbool.h>
#include <stddef.h>

/* Forget all that was logged up to now; 0 or -errno. */
int kmsg_start(void);

/* From the first line of the boot on, as far as the kernel has it; 0 or -errno. */
int kmsg_start_at_boot(void);

/* Forget what was counted up to now, and nothing that comes later. */
void kmsg_forget(void);

/* Lines since the start that contain the text. */
size_t kmsg_count(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/*
 * Sleep until @n more lines with the text have come, so that the wait itself
 * takes no instructions; false if the log falls silent before.  kmsg_count()
 * does not see what this has read.
 */
bool kmsg_await(const char *text, size_t n);

/*
 * Have the kernel's log on the console, as usual, or not: thousands of
 * lines take more time there than what they tell of.  The lab reads bugs and
 * warnings from the console, so compare kernel_taint() then.
 */
int kmsg_console(bool loud);

/* What the kernel has against itself since boot, machine checks excepted. */
long kernel_taint(void);

#endif /* KMSG_H */
