// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "edu.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "polling.h"
#include "procfile.h"

#define DEVICES		"/sys/bus/pci/devices"
#define VENDOR_QEMU	0x1234
#define DEVICE_EDU	0x11e8

/* Registers in BAR 0, and the buffer's address as the DMA engine sees it. */
#define EDU_DMA_FROM	0x80
#define EDU_DMA_TO	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_COMMAND	0x98
#define EDU_START	1UL
#define EDU_TO_MEMORY	2UL
#define EDU_BUFFER	0x40000

static long pci_id(const char *name, const char *file)
{
	char path[320];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", name, file);
	return procfile_number(path);
}

const char *edu_name(void)
{
	static char name[32];
	struct dirent *entry;
	DIR *dir;

	if (name[0])
		return name;
	dir = opendir(DEVICES);
	if (!dir)
		return NULL;
	while ((entry = readdir(dir)))
		if (pci_id(entry->d_name, "vendor") == VENDOR_QEMU &&
		    pci_id(entry->d_name, "device") == DEVICE_EDU)
			snprintf(name, sizeof(name), "%.31s", entry->d_name);
	closedir(dir);
	return name[0] ? name : NULL;
}

static int bind_to_vfio(void)
{
	const char *name = edu_name();
	char path[96];
	int err;

	if (!name)
		return -ENODEV;
	snprintf(path, sizeof(path), DEVICES "/%s/driver", name);
	if (!access(path, F_OK))
		return 0;
	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", name);
	err = procfile_write(path, "vfio-pci");
	return err ? err : procfile_write("/sys/bus/pci/drivers_probe", "%s",
					  name);
}

/* Open the file of /dev/@dir that sysfs names. */
static int open_named(const char *dir, const char *name)
{
	char path[320];
	int fd;

	snprintf(path, sizeof(path), "/dev/%s/%s", dir, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int edu_open_group(void)
{
	char path[96], group[256] = "";
	int err = bind_to_vfio();

	if (err)
		return err;
	snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", edu_name());
	if (readlink(path, group, sizeof(group) - 1) < 0)
		return -errno;
	return open_named("vfio", strrchr(group, '/') + 1);
}

int edu_open_cdev(void)
{
	struct dirent *entry;
	int fd = bind_to_vfio();
	char path[96];
	DIR *dir;

	if (fd)
		return fd;
	snprintf(path, sizeof(path), DEVICES "/%s/vfio-dev", edu_name());
	dir = opendir(path);
	if (!dir)
		return -errno;
	fd = -ENODEV;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vfio", strlen("vfio")))
			fd = open_named("vfio/devices", entry->d_name);
	closedir(dir);
	return fd;
}

/* Offset of a region in VFIO's device file, or -errno. */
static off_t region_offset(int device, unsigned int index)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = index,
	};

	return ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &info) ?
		-errno : (off_t)info.offset;
}

int edu_enable(int device)
{
	off_t at = region_offset(device, VFIO_PCI_CONFIG_REGION_INDEX);
	uint16_t command;

	if (at < 0)
		return at;
	at += PCI_COMMAND;
	if (pread(device, &command, sizeof(command), at) != sizeof(command))
		return -EIO;
	command |= PCI_COMMAND_MASTER;
	return pwrite(device, &command, sizeof(command), at) ==
		sizeof(command) ? 0 : -EIO;
}

static int write_register(int device, off_t bar, unsigned int reg,
			  uint64_t value)
{
	return pwrite(device, &value, sizeof(value), bar + reg) ==
		sizeof(value) ? 0 : -EIO;
}

static bool is_idle(int device, off_t bar)
{
	uint64_t command = EDU_START;

	return pread(device, &command, sizeof(command),
		     bar + EDU_DMA_COMMAND) == sizeof(command) &&
	       !(command & EDU_START);
}

static int transfer(int device, uint64_t to, uint64_t from, size_t len,
		    uint64_t command)
{
	off_t bar = region_offset(device, VFIO_PCI_BAR0_REGION_INDEX);
	int err;

	if (bar < 0)
		return bar;
	err = write_register(device, bar, EDU_DMA_FROM, from);
	if (!err)
		err = write_register(device, bar, EDU_DMA_TO, to);
	if (!err)
		err = write_register(device, bar, EDU_DMA_COUNT, len);
	if (!err)
		err = write_register(device, bar, EDU_DMA_COMMAND, command);
	if (err)
		return err;
	return poll_until(is_idle(device, bar)) ? 0 : -ETIMEDOUT;
}

int edu_copy(int device, uint64_t to, uint64_t from, size_t len)
{
	int err = transfer(device, EDU_BUFFER, from, len, EDU_START);

	return err ? err : transfer(device, to, EDU_BUFFER, len,
				    EDU_START | EDU_TO_MEMORY);
}
