// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "bar.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "procfile.h"

#define DEVICES		"/sys/bus/pci/devices"
#define ID_IVSHMEM	0x1af41110

static long pci_id(const char *name)
{
	char path[320];
	long vendor;

	snprintf(path, sizeof(path), DEVICES "/%s/vendor", name);
	vendor = procfile_number(path);
	snprintf(path, sizeof(path), DEVICES "/%s/device", name);
	return vendor << 16 | procfile_number(path);
}

static int find_device(char *name, size_t size)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	int err = -ENODEV;

	if (!dir)
		return -errno;
	while (err && (entry = readdir(dir)))
		if (pci_id(entry->d_name) == ID_IVSHMEM) {
			snprintf(name, size, "%.31s", entry->d_name);
			err = 0;
		}
	closedir(dir);
	return err;
}

static int bind_to_vfio(const char *name)
{
	char path[96];
	int err;

	snprintf(path, sizeof(path), DEVICES "/%s/driver", name);
	if (!access(path, F_OK))
		return 0;
	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", name);
	err = procfile_write(path, "vfio-pci");
	return err ? err : procfile_write("/sys/bus/pci/drivers_probe", "%s",
					  name);
}

static int open_group(const char *name)
{
	char path[320], group[256] = "";
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", name);
	if (readlink(path, group, sizeof(group) - 1) < 0)
		return -errno;
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(group, '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* VFIO opens a group's device only once its container has an IOMMU type. */
static int open_device(struct bar *bar, const char *name)
{
	bar->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (bar->container < 0)
		return -errno;
	bar->group = open_group(name);
	if (bar->group < 0)
		return bar->group;
	if (ioctl(bar->group, VFIO_GROUP_SET_CONTAINER, &bar->container) ||
	    ioctl(bar->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	bar->device = ioctl(bar->group, VFIO_GROUP_GET_DEVICE_FD, name);
	return bar->device < 0 ? -errno : 0;
}

static int map_memory(struct bar *bar, void *addr)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_BAR2_REGION_INDEX,
	};

	if (ioctl(bar->device, VFIO_DEVICE_GET_REGION_INFO, &info))
		return -errno;
	bar->size = info.size;
	bar->map = mmap(addr, info.size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, bar->device,
			info.offset);
	return bar->map == MAP_FAILED ? -errno : 0;
}

int bar_open(struct bar *bar, void *addr)
{
	char name[32];
	int err = find_device(name, sizeof(name));

	if (!err)
		err = bind_to_vfio(name);
	if (!err)
		err = open_device(bar, name);
	return err ? err : map_memory(bar, addr);
}
