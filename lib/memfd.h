/* SPDX-License-Identifier: MIT */
/* memfd_create() on every host. */
#ifndef MFR_MEMFD_H
#define MFR_MEMFD_H

#include <errno.h>
#include <sys/mman.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL	0x0008U	/* include/uapi/linux/memfd.h */
#endif

/*
 * Hosts can refuse files that may be executable (vm.memfd_noexec is 2); Linux before
 * 6.3 does not know the flag that says so.  Returns a descriptor or -errno.
 */
static inline int memfd_open(const char *name, unsigned int flags)
{
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

#endif /* MFR_MEMFD_H */
