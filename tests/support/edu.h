/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * edu, a PCI device that copies memory by DMA (docs/specs/edu.txt of QEMU),
 * driven through VFIO.  lab/vm run provides it with --vfio.
 */
#ifndef EDU_H
#define EDU_H

#include <stddef.h>
#include <stdint.h>

/* Per transfer; its buffer is one base page, but it cannot move all of that. */
#define EDU_BYTES_MAX	2048

/* Its name for VFIO_GROUP_GET_DEVICE_FD; NULL if there is no such device. */
const char *edu_name(void);

/*
 * Bind the device to vfio-pci, if it is not yet, and open its group or its own
 * device file: the descriptor, or -errno.
 */
int edu_open_group(void);
int edu_open_cdev(void);

/* Enable DMA; @device is VFIO's descriptor.  0 or -errno. */
int edu_enable(int device);

/*
 * Copy @len bytes (EDU_BYTES_MAX at most) by DMA; @to and @from are addresses
 * that the IOMMU maps.  Returns when the copy is done: 0 or -errno.
 */
int edu_copy(int device, uint64_t to, uint64_t from, size_t len);

#endif /* EDU_H */
