/* SPDX-License-Identifier: GPL-2.0-only */
/* An empty file to write to, on file systems that copy data differently. */
#ifndef SINK_H
#define SINK_H

enum sink_kind {
	SINK_TMPFS,	/* generic_perform_write(), pages from shmem */
	SINK_RAMFS,	/* the same, pages from simple_write_begin() */
	SINK_EXT4,	/* the same, pages from block_write_begin() */
	SINK_FUSE,	/* fuse_fill_write_pages(), to fuseserver.h's server */
};

struct sink {
	int fd;
	const char *mounted;	/* mount point, or NULL */
};

#define SINK_BYTES	(1UL << 20)	/* maximum size of the file */

/* 0 or -errno.  SINK_FUSE starts a server, which ends with this process. */
int sink_open(struct sink *sink, enum sink_kind kind);

/* Needs no descriptor: the parent of the process that has it may call this. */
void sink_unmount(struct sink *sink);

#endif /* SINK_H */
