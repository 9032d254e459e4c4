/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files whose huge pages stay mapped after a memory error, and the processes
 * that hold them: mf_keep_ue_mapped and mf_ue in /proc/PID/fdinfo/FD.  Files that
 * are mapped only are found by their mappings.
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
	uint64_t mount;		/* with the inode, identifies the file */
	uint64_t inode;
	size_t n_lost;
	struct lost *lost;	/* sorted and merged by the kernel */
	size_t n_holders;
	struct holder *holder;	/* each process once, by pid */
};

struct kept {
	int err;
	size_t n;
	struct kept_file *file;
	size_t unseen;		/* processes whose files we may not read */
};

void kept_read(struct kept *kept);
void kept_free(struct kept *kept);
uint64_t kept_lost_bytes(const struct kept_file *file);

#endif /* MFR_KEPT_H */
