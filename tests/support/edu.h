/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu, a PCI device that copies memory by DMA when told (docs/specs/edu.txt of
 * QEMU), driven through VFIO.  lab/vm run has it with --vfio.
 */
#ifndef EDU_H
#define EDU_H

#include <stddef.h>
#include <stdint.h>

/* It moves fewer bytes at once than the base page that its buffer has. */
#define EDU_BYTES_MAX	2048

/* Its name for VFIO_GROUP_GET_DEVICE_FD; NULL if there is no such device. */
const char *edu_name(void);

/*
 * Give it to vfio-pci, if that does not have it, and open its group, or its
 * device file of its own: the descriptor, or -errno.
 */
int edu_open_group(void);
int edu_open_cdev(void);

/* Let it do DMA; @device is VFIO's descriptor.  0 or -errno. */
int edu_enable(int device);

/*
 * Let it copy @len bytes (EDU_BYTES_MAX at most) from and to where its IOMMU
 * maps these addresses; returns when that is done.  0 or -errno.
 */
int edu_copy(int device, uint64_t to, uint64_t from, size_t len);

#endif /* EDU_H */
