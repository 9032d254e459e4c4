// SPDX-License-Identifier: GPL-2.0-only
/* userfaultfd: its structures, what is copied, and ranges that are lost. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arena.h"
#include "hugepage.h"
#include "places.h"
#include "scenes.h"
#include "user.h"

#define USER_MODE_ONLY	1

static int open_fault(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_NONBLOCK | O_CLOEXEC |
			 USER_MODE_ONLY);

	if (fd >= 0 && ioctl(fd, UFFDIO_API, &api)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* The source of a copy into an anonymous page is lost. */
static void copy(struct rng *rng, int fd)
{
	char *to = mmap(NULL, BASE_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = {
		{ (uintptr_t)to, BASE_PAGE }, UFFDIO_REGISTER_MODE_MISSING, 0
	};
	struct uffdio_copy request = {
		.dst = (uintptr_t)to, .len = BASE_PAGE,
		.src = (uintptr_t)place_page(rng, true),
	};

	ioctl(fd, UFFDIO_REGISTER, &range);
	ioctl(fd, UFFDIO_COPY,
	      place_struct(rng, &request, sizeof(request), 2));
	munmap(to, BASE_PAGE);
}

/* A separate mapping of the file, populated with UFFDIO_CONTINUE. */
static void minor(struct rng *rng, int fd)
{
	char *map = mmap(NULL, SIZE_2M, PROT_READ, MAP_SHARED, arena_fd(0), 0);
	struct uffdio_register range = {
		{ (uintptr_t)map, SIZE_2M }, UFFDIO_REGISTER_MODE_MINOR, 0
	};
	struct { uint64_t start, len, mode; int64_t mapped; } request = {
		(uintptr_t)map, SIZE_2M, 0, 0
	};

	if (map == MAP_FAILED)
		return;
	ioctl(fd, UFFDIO_REGISTER, &range);
	ioctl(fd, _IOWR(UFFDIO, 0x07, request),
	      place_struct(rng, &request, sizeof(request), 1));
	munmap(map, SIZE_2M);
}

void scene_fault(struct rng *rng)
{
	int fd = open_fault();

	if (fd < 0)
		return;
	if (rng_percent(rng, 50))
		copy(rng, fd);
	else
		minor(rng, fd);
	ioctl(fd, rng_next(rng) & 7 ? UFFDIO_ZEROPAGE : UFFDIO_WAKE,
	      place_raw(rng, 32, true));
	close(fd);
}
