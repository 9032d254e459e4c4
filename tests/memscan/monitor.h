/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's monitor, as lab/vm --monitor gives it to the guest. */
#ifndef MONITOR_H
#define MONITOR_H

/* Send a command to QEMU; 0 or -errno.  Check its effect by other means. */
int monitor_do(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif /* MONITOR_H */
