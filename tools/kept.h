/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files whose huge pages are kept after a memory error, and who holds them,
 * from the lines mf_keep_ue_mapped and mf_ue of /proc/PID/fdinfo/FD.
 */
#ifndef MFR_KEPT_H
#define MFR_KEPT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* [offset, offset + length) of the file is lost; bytes. */
struct lost {
	uint64_t offset;
	uint64_t length;
};

struct holder {
	pid_t pid;
	char command[32];
};

struct kept_file {
	char name[256];
	uint64_t mount;		/* with the inode: which file it is */
	uint64_t inode;
	size_t n_lost;
	struct lost *lost;	/* sorted, merged, as the kernel has them */
	size_t n_holders;
	struct holder *holder;	/* a process is here once, in order */
};

struct kept {
	int err;
	size_t n;
	struct kept_file *file;
	size_t unseen;		/* processes that we may not look at */
};

void kept_read(struct kept *kept);
void kept_free(struct kept *kept);
uint64_t kept_lost_bytes(const struct kept_file *file);

#endif /* MFR_KEPT_H */
