/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel log, from a moment on. */
#ifndef KMSG_H
#define KMSG_H

#include <stddef.h>

/* Forget all that was logged up to now; 0 or -errno. */
int kmsg_start(void);

/* Lines since kmsg_start() that contain the text. */
size_t kmsg_count(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif /* KMSG_H */
