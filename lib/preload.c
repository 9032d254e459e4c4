// SPDX-License-Identifier: MIT
/*
 * LD_PRELOAD=mfr-preload.so PROGRAM: the program's huge page memfds get the
 * policy.  If the kernel refuses the flag, the call is repeated without it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mfr.h>

int memfd_create(const char *name, unsigned int flags)
{
	int saved = errno;
	long fd = -1;

	if (flags & MFD_HUGETLB)
		fd = syscall(SYS_memfd_create, name,
			     flags | MFD_MF_KEEP_UE_MAPPED);
	if (fd < 0) {
		errno = saved;
		fd = syscall(SYS_memfd_create, name, flags);
	}
	return fd;
}
