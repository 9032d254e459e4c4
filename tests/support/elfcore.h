/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory in an ELF core: a dump of a process, or /proc/kcore. */
#ifndef ELFCORE_H
#define ELFCORE_H

#include <stddef.h>
#include <stdint.h>

enum elfcore_address {
	ELFCORE_VIRTUAL,	/* p_vaddr */
	ELFCORE_PHYSICAL,	/* p_paddr */
};

/*
 * Read @len bytes at @addr; what a segment does not have in the file reads as
 * zeroes.  Bytes read, -ENOENT if no segment has the address, or -errno.
 */
long elfcore_read(const char *path, enum elfcore_address kind, uint64_t addr,
		  void *data, size_t len);

#endif /* ELFCORE_H */
