/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log, from a moment on. */
#ifndef KMSG_H
#define KMSG_H

#include <stddef.h>

/* Forget all that was logged up to now; 0 or -errno. */
int kmsg_start(void);

/* From the first line of the boot on, as far as the kernel has it; 0 or -errno. */
int kmsg_start_at_boot(void);

/* Lines since the start that contain the text. */
size_t kmsg_count(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif /* KMSG_H */
