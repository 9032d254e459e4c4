/* SPDX-License-Identifier: GPL-2.0-only */
/* A RAM disk as the system's swap space. */
#ifndef SWAPDISK_H
#define SWAPDISK_H

/*
 * Format the disk and swap to it; 0 or -errno.  Its size comes from the kernel
 * command line (ramdisk_size=, in KiB).
 */
int swapdisk_on(void);

/* Read back all swapped-out pages and stop swapping; 0 or -errno. */
int swapdisk_off(void);

#endif /* SWAPDISK_H */
