// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the selftest mf_keep: its files do not get the policy that it
 * asks for, as a control of its tests.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_MF_KEEP_UE_MAPPED
#define MFD_MF_KEEP_UE_MAPPED 0x0020U
#endif

int memfd_create(const char *name, unsigned int flags)
{
	return syscall(SYS_memfd_create, name, flags & ~MFD_MF_KEEP_UE_MAPPED);
}
