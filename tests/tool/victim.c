/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A program that loses memory: it reads a poisoned line of a huge page, says
 * "lost ADDRESS" (physical) once SIGBUS has come, and holds the page until it
 * is killed.  The page is kept if the kernel can.
 *
 * victim --pages N does so in N base pages, one after the other; with 0 it only
 * poisons the line of the first.  victim --close keeps no descriptor of the file,
 * as many programs do.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "poison.h"

/* uapi/linux/memfd.h; the second one exists on a kernel with keep only. */
#define MFD_HUGE_2MB		(21U << 26)
#define MFD_MF_KEEP_UE_MAPPED	0x0020U
#define HUGE_BYTES		(2UL << 20)
#define BAD_OFFSET		(7 * 4096UL + 64)

static sigjmp_buf bus_return;

static void on_sigbus(int sig)
{
	(void)sig;
	siglongjmp(bus_return, 1);
}

static void read_lost(const volatile char *bad)
{
	if (sigsetjmp(bus_return, 1))
		return;
	*bad;
	errx(1, "no SIGBUS came");
}

static char *map_huge(bool closes)
{
	unsigned int flags = MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB;
	int fd = memfd_create("victim", flags | MFD_MF_KEEP_UE_MAPPED);
	char *p;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("victim", flags);
	if (fd < 0 || ftruncate(fd, HUGE_BYTES))
		err(1, "memfd_create of a 2 MiB huge page");
	p = mmap(NULL, HUGE_BYTES, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap of a 2 MiB huge page");
	if (closes)
		close(fd);
	return p;
}

static int64_t poison(const char *bad)
{
	int64_t pa = lab_pa(bad);

	if (pa < 0)
		errx(1, "not in the lab: %s", strerror((int)-pa));
	if (lab_poison_add(pa, 1))
		errx(1, "cannot poison %#" PRIx64, pa);
	return pa;
}

int main(int argc, char **argv)
{
	long pages = 1, i;
	int64_t pa;
	char *huge;

	if (argc == 3 && !strcmp(argv[1], "--pages"))
		pages = atol(argv[2]);
	huge = map_huge(argc == 2 && !strcmp(argv[1], "--close"));
	if (signal(SIGBUS, on_sigbus) == SIG_ERR)
		err(1, "signal");
	pa = poison(huge + BAD_OFFSET);
	for (i = 0; i < pages; i++) {
		if (i)
			poison(huge + BAD_OFFSET + i * 4096);
		read_lost(huge + BAD_OFFSET + i * 4096);
	}
	printf("lost 0x%" PRIx64 "\n", pa & ~4095);
	fflush(stdout);
	for (;;)
		pause();
}
