/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a device: BAR 2 of ivshmem, a PCI device of QEMU whose memory is
 * RAM, mapped through VFIO.  lab/vm run provides it with --vfio and
 *
 *	--qemu "-object memory-backend-ram,id=dm,size=1G,share=on \
 *		-device ivshmem-plain,memdev=dm"
 */
#ifndef BAR_H
#define BAR_H

#include <stddef.h>

struct bar {
	int container, group, device;
	size_t size;
	char *map;
};

/*
 * Bind the device to vfio-pci, open it, and map its BAR at @addr.  The mapping
 * can be huge only if @addr is aligned to a huge page's size.  0 or -errno.
 */
int bar_open(struct bar *bar, void *addr);

#endif /* BAR_H */
