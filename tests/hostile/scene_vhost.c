// SPDX-License-Identifier: GPL-2.0-only
/* vhost: a thread of the kernel reads rings and data that are lost. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "hugepage.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

#define ENTRIES	4

/* Set the descriptor table, the driver's ring and the device's ring. */
static void set_rings(struct rng *rng, int fd, unsigned int index, int kick)
{
	struct vhost_vring_state size = { index, ENTRIES };
	struct vhost_vring_addr addr = { .index = index };
	struct vhost_vring_file file = { index, kick };
	uint64_t *parts[3] = {
		(uint64_t *)&addr.desc_user_addr, (uint64_t *)&addr.avail_user_addr,
		(uint64_t *)&addr.used_user_addr,
	};
	unsigned int i;

	for (i = 0; i < 3; i++)
		*parts[i] = ((uintptr_t)(rng_percent(rng, 60) ?
			place_raw(rng, 64, true) : place_healthy(256))) & -64UL;
	ioctl(fd, VHOST_SET_VRING_NUM, &size);
	size.num = 0;
	ioctl(fd, VHOST_SET_VRING_BASE, &size);
	ioctl(fd, VHOST_SET_VRING_ADDR,
	      place_struct(rng, &addr, sizeof(addr), 2));
	ioctl(fd, VHOST_SET_VRING_KICK, &file);
}

static void set_memory(struct rng *rng, int fd)
{
	struct {
		struct vhost_memory header;
		struct vhost_memory_region region;
	} memory = { .header.nregions = 1 };
	void *page = place_page(rng, true);

	memory.region.guest_phys_addr = (uintptr_t)page;
	memory.region.memory_size = BASE_PAGE;
	memory.region.userspace_addr = (uintptr_t)page;
	ioctl(fd, VHOST_SET_MEM_TABLE,
	      place_struct(rng, &memory, sizeof(memory), 2));
}

static void run_device(struct rng *rng, const char *path)
{
	const struct timespec moment = { 0, 2000000 };
	uint64_t cid = 3 + rng_below(rng, 1 << 20), features = 0;
	int fd = open(path, O_RDWR | O_CLOEXEC), run = 1;
	int kick = eventfd(0, EFD_NONBLOCK);

	if (fd >= 0 && !ioctl(fd, VHOST_SET_OWNER, 0)) {
		ioctl(fd, VHOST_SET_FEATURES, &features);
		set_memory(rng, fd);
		set_rings(rng, fd, 0, kick);
		set_rings(rng, fd, 1, kick);
		ioctl(fd, VHOST_VSOCK_SET_GUEST_CID, &cid);
		ioctl(fd, VHOST_VSOCK_SET_RUNNING, &run);
		eventfd_write(kick, 1);
		nanosleep(&moment, NULL);
	}
	close(fd);
	close(kick);
}

void scene_vhost(struct rng *rng)
{
	run_device(rng, rng_percent(rng, 70) ? "/dev/vhost-vsock"
					     : "/dev/vhost-net");
}
