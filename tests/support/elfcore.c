// SPDX-License-Identifier: GPL-2.0-only
#include "elfcore.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

static bool holds(const Elf64_Phdr *ph, enum elfcore_address kind,
		  uint64_t addr)
{
	uint64_t start = kind == ELFCORE_PHYSICAL ? ph->p_paddr : ph->p_vaddr;

	return ph->p_type == PT_LOAD && addr >= start &&
	       addr - start < ph->p_memsz;
}

/* Offset in the file, or -errno. */
static off_t find(int fd, enum elfcore_address kind, uint64_t addr)
{
	Elf64_Phdr ph;
	Elf64_Ehdr eh;
	int i;

	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) ||
	    memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	for (i = 0; i < eh.e_phnum; i++) {
		if (pread(fd, &ph, sizeof(ph),
			  eh.e_phoff + i * sizeof(ph)) != sizeof(ph))
			return -ENOEXEC;
		if (holds(&ph, kind, addr))
			return ph.p_offset + addr -
			       (kind == ELFCORE_PHYSICAL ? ph.p_paddr
							 : ph.p_vaddr);
	}
	return -ENOENT;
}

long elfcore_read(const char *path, enum elfcore_address kind, uint64_t addr,
		  void *data, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	off_t at;

	if (fd < 0)
		return -errno;
	at = find(fd, kind, addr);
	got = at < 0 ? at : pread(fd, data, len, at);
	if (got < 0 && at >= 0)
		got = -errno;
	close(fd);
	return got;
}
