// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "pinner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define __user		/* for headers straight from the kernel's tree */
#include "include/uapi/linux/iommufd.h"
#include "include/uapi/linux/vfio.h"

#include "edu.h"
#include "guptest.h"

/* IOVAs of the file, and of the buffer that the device copies from or to. */
#define FILE_IOVA	(1UL << 30)
#define PARCEL_IOVA	(2UL << 30)

enum { FD_MAIN, FD_GROUP, FD_DEVICE };

static int result(int ret)
{
	return ret < 0 ? -errno : 0;
}

/* Store a new descriptor; 0, or the error that @fd stands for. */
static int keep(struct pinner *p, int which, int fd)
{
	if (fd < 0)
		return fd;
	p->fd[which] = fd;
	return 0;
}

static int keep_opened(struct pinner *p, int which, int fd)
{
	return keep(p, which, fd < 0 ? -errno : fd);
}

/* VFIO: the container has the mappings, the group adds the device to it. */
static int vfio_open(struct pinner *p)
{
	int err = keep_opened(p, FD_MAIN, open("/dev/vfio/vfio",
					       O_RDWR | O_CLOEXEC));

	if (!err)
		err = keep(p, FD_GROUP, edu_open_group());
	if (!err)
		err = result(ioctl(p->fd[FD_GROUP], VFIO_GROUP_SET_CONTAINER,
				   &p->fd[FD_MAIN]));
	if (!err)
		err = result(ioctl(p->fd[FD_MAIN], VFIO_SET_IOMMU,
				   VFIO_TYPE1v2_IOMMU));
	if (!err)
		err = keep_opened(p, FD_DEVICE,
				  ioctl(p->fd[FD_GROUP],
					VFIO_GROUP_GET_DEVICE_FD, edu_name()));
	return err ? err : edu_enable(p->fd[FD_DEVICE]);
}

static int vfio_map(const struct pinner *p, uint64_t iova, const void *addr,
		    size_t len)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)addr,
		.iova = iova,
		.size = len,
	};

	return result(ioctl(p->fd[FD_MAIN], VFIO_IOMMU_MAP_DMA, &map));
}

static void vfio_unmap(const struct pinner *p, uint64_t iova, size_t len)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = len,
	};

	ioctl(p->fd[FD_MAIN], VFIO_IOMMU_UNMAP_DMA, &unmap);
}

/* iommufd: the address space has the mappings; the device attaches to it. */
static int iommufd_attach(struct pinner *p)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = p->fd[FD_MAIN],
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};

	if (ioctl(p->fd[FD_MAIN], IOMMU_IOAS_ALLOC, &alloc))
		return -errno;
	p->ioas = attach.pt_id = alloc.out_ioas_id;
	if (ioctl(p->fd[FD_DEVICE], VFIO_DEVICE_BIND_IOMMUFD, &bind))
		return -errno;
	return result(ioctl(p->fd[FD_DEVICE], VFIO_DEVICE_ATTACH_IOMMUFD_PT,
			    &attach));
}

static int iommufd_open(struct pinner *p)
{
	int err = keep_opened(p, FD_MAIN, open("/dev/iommu",
					       O_RDWR | O_CLOEXEC));

	if (!err)
		err = keep(p, FD_DEVICE, edu_open_cdev());
	if (!err)
		err = iommufd_attach(p);
	return err ? err : edu_enable(p->fd[FD_DEVICE]);
}

static int iommufd_map(const struct pinner *p, uint64_t iova, const void *addr,
		       size_t len)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA |
			 IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = p->ioas,
		.user_va = (uintptr_t)addr,
		.length = len,
		.iova = iova,
	};

	return result(ioctl(p->fd[FD_MAIN], IOMMU_IOAS_MAP, &map));
}

static void iommufd_unmap(const struct pinner *p, uint64_t iova, size_t len)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = p->ioas,
		.iova = iova,
		.length = len,
	};

	ioctl(p->fd[FD_MAIN], IOMMU_IOAS_UNMAP, &unmap);
}

static bool does_dma(const struct pinner *p)
{
	return p->kind == PINNER_VFIO || p->kind == PINNER_IOMMUFD;
}

static int map_for_dma(const struct pinner *p, uint64_t iova, const void *addr,
		       size_t len)
{
	return p->kind == PINNER_VFIO ? vfio_map(p, iova, addr, len) :
					iommufd_map(p, iova, addr, len);
}

static void unmap_for_dma(const struct pinner *p, uint64_t iova, size_t len)
{
	if (p->kind == PINNER_VFIO)
		vfio_unmap(p, iova, len);
	else
		iommufd_unmap(p, iova, len);
}

static int udmabuf_pin(struct pinner *p, const struct hugepage *hp)
{
	struct udmabuf_create create = {
		.memfd = hp->fd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.offset = p->offset,
		.size = p->len,
	};

	if (fcntl(hp->fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	return keep_opened(p, FD_DEVICE,
			   ioctl(p->fd[FD_MAIN], UDMABUF_CREATE, &create));
}

int pinner_open(struct pinner *p, enum pinner_kind kind)
{
	*p = (struct pinner){ .kind = kind, .fd = { -1, -1, -1 } };
	switch (kind) {
	case PINNER_URING:
		return 0;
	case PINNER_GUP:
	case PINNER_GUP_FAST:
		return keep(p, FD_MAIN, guptest_open());
	case PINNER_VFIO:
		return vfio_open(p);
	case PINNER_IOMMUFD:
		return iommufd_open(p);
	case PINNER_UDMABUF:
		return keep_opened(p, FD_MAIN, open("/dev/udmabuf",
						    O_RDWR | O_CLOEXEC));
	}
	return -EINVAL;
}

/* A ring keeps its buffers until it is closed, so use one ring per pin. */
static int uring_pin(struct pinner *p)
{
	int err = uring_open(&p->ring);

	if (err)
		return err;
	p->fd[FD_MAIN] = p->ring.fd;
	return uring_register(&p->ring, p->addr, p->len);
}

int pinner_pin(struct pinner *p, const struct hugepage *hp, size_t offset,
	       size_t len)
{
	unsigned int flags = PIN_LONGTERM_TEST_FLAG_USE_WRITE;

	p->addr = hp->map + offset;
	p->offset = offset;
	p->len = len;
	if (p->kind == PINNER_URING)
		return uring_pin(p);
	if (p->kind == PINNER_UDMABUF)
		return udmabuf_pin(p, hp);
	if (does_dma(p))
		return map_for_dma(p, FILE_IOVA + offset, p->addr, len);
	if (p->kind == PINNER_GUP_FAST)
		flags |= PIN_LONGTERM_TEST_FLAG_USE_FAST;
	return guptest_pin(p->fd[FD_MAIN], p->addr, len, flags);
}

static void close_one(struct pinner *p, int which)
{
	if (p->fd[which] >= 0)
		close(p->fd[which]);
	p->fd[which] = -1;
}

void pinner_unpin(struct pinner *p)
{
	if (p->kind == PINNER_URING)
		close_one(p, FD_MAIN);
	else if (p->kind == PINNER_UDMABUF)
		close_one(p, FD_DEVICE);
	else if (does_dma(p))
		unmap_for_dma(p, FILE_IOVA + p->offset, p->len);
	else
		guptest_unpin(p->fd[FD_MAIN]);
}

/* The device first: it keeps group and container busy. */
void pinner_forget(struct pinner *p)
{
	int i;

	for (i = PINNER_FDS - 1; i >= 0; i--)
		close_one(p, i);
}

void pinner_close(struct pinner *p)
{
	pinner_unpin(p);
	pinner_forget(p);
}

static int take_one(int pidfd, int *fd)
{
	if (*fd < 0)
		return 0;
	*fd = syscall(SYS_pidfd_getfd, pidfd, *fd, 0);
	return *fd < 0 ? -errno : 0;
}

int pinner_take(struct pinner *p, pid_t from)
{
	int pidfd = syscall(SYS_pidfd_open, from, 0), err = 0, i;

	if (pidfd < 0)
		return -errno;
	for (i = 0; i < PINNER_FDS && !err; i++)
		err = take_one(pidfd, &p->fd[i]);
	close(pidfd);
	p->ring.fd = p->fd[FD_MAIN];
	return err;
}

/* The other end of the transfer is a file that holds just these bytes. */
static int uring_exchange(struct pinner *p, size_t offset, void *data,
			  bool to_pin)
{
	int fd = memfd_create("parcel", MFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	if (to_pin && write(fd, data, PINNER_BYTES) != PINNER_BYTES)
		err = -EIO;
	else
		err = uring_move(&p->ring, to_pin ? IORING_OP_READ_FIXED :
				 IORING_OP_WRITE_FIXED, fd,
				 p->addr + (offset - p->offset), PINNER_BYTES);
	if (!to_pin && !err && pread(fd, data, PINNER_BYTES, 0) != PINNER_BYTES)
		err = -EIO;
	close(fd);
	return err;
}

char *pinner_map(const struct pinner *p)
{
	char *map = mmap(NULL, p->len, PROT_READ | PROT_WRITE, MAP_SHARED,
			 p->fd[FD_DEVICE], 0);

	return map == MAP_FAILED ? NULL : map;
}

static int udmabuf_exchange(struct pinner *p, size_t offset, void *data,
			    bool to_pin)
{
	char *map = pinner_map(p);
	char *there = map + (offset - p->offset);

	if (!map)
		return -ENOMEM;
	if (to_pin)
		memcpy(there, data, PINNER_BYTES);
	else
		memcpy(data, there, PINNER_BYTES);
	munmap(map, p->len);
	return 0;
}

static int dma_exchange(struct pinner *p, size_t offset, void *data,
			bool to_pin)
{
	static char parcel[BASE_PAGE] __attribute__((aligned(4096)));
	uint64_t there = FILE_IOVA + offset;
	int err;

	if (to_pin)
		memcpy(parcel, data, PINNER_BYTES);
	err = map_for_dma(p, PARCEL_IOVA, parcel, BASE_PAGE);
	if (err)
		return err;
	if (to_pin)
		err = edu_copy(p->fd[FD_DEVICE], there, PARCEL_IOVA,
			       PINNER_BYTES);
	else
		err = edu_copy(p->fd[FD_DEVICE], PARCEL_IOVA, there,
			       PINNER_BYTES);
	unmap_for_dma(p, PARCEL_IOVA, BASE_PAGE);
	if (!to_pin && !err)
		memcpy(data, parcel, PINNER_BYTES);
	return err;
}

static int gup_exchange(struct pinner *p, size_t offset, void *data,
			bool to_pin)
{
	char *all;
	int err;

	if (to_pin)
		return -EOPNOTSUPP;
	all = malloc(p->len);
	if (!all)
		return -ENOMEM;
	err = guptest_read(p->fd[FD_MAIN], all);
	if (!err)
		memcpy(data, all + (offset - p->offset), PINNER_BYTES);
	free(all);
	return err;
}

static int exchange(struct pinner *p, size_t offset, void *data, bool to_pin)
{
	if (p->kind == PINNER_URING)
		return uring_exchange(p, offset, data, to_pin);
	if (p->kind == PINNER_UDMABUF)
		return udmabuf_exchange(p, offset, data, to_pin);
	if (does_dma(p))
		return dma_exchange(p, offset, data, to_pin);
	return gup_exchange(p, offset, data, to_pin);
}

int pinner_read(struct pinner *p, size_t offset, void *data)
{
	return exchange(p, offset, data, false);
}

int pinner_write(struct pinner *p, size_t offset, const void *data)
{
	return exchange(p, offset, (void *)data, true);
}
