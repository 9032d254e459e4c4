/* SPDX-License-Identifier: GPL-2.0-only */
/* QEMU's monitor, as lab/vm --monitor gives it to the guest. */
#ifndef MONITOR_H
#define MONITOR_H

/* Have QEMU do this; 0 or -errno.  What came of it has to be seen otherwise. */
int monitor_do(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

#endif /* MONITOR_H */
