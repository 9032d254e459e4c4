// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into programs that know nothing of the policy: what they get from
 * memfd_create(MFD_HUGETLB) has it.  Each such file is told of by a byte in
 * $FLAGGED, for a run that flagged none shows nothing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_MF_KEEP_UE_MAPPED
#define MFD_MF_KEEP_UE_MAPPED 0x0020U
#endif

static void tell(void)
{
	const char *path = getenv("FLAGGED");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

	if (fd < 0 || write(fd, ".", 1) != 1)
		abort();
	close(fd);
}

int memfd_create(const char *name, unsigned int flags)
{
	int fd;

	if (!(flags & MFD_HUGETLB))
		return syscall(SYS_memfd_create, name, flags);
	fd = syscall(SYS_memfd_create, name, flags | MFD_MF_KEEP_UE_MAPPED);
	if (fd >= 0)
		tell();
	return fd;
}
