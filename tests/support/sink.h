/* SPDX-License-Identifier: GPL-2.0-only */
/* An empty file on a file system of each kind that copies data in its own way. */
#ifndef SINK_H
#define SINK_H

enum sink_kind {
	SINK_TMPFS,	/* generic_perform_write(), pages from shmem */
	SINK_RAMFS,	/* the same, of simple_write_begin() */
	SINK_EXT4,	/* the same, of block_write_begin() */
	SINK_FUSE,	/* fuse_fill_write_pages(), to a server of ours */
};

struct sink {
	int fd;
	const char *mounted;	/* where, or NULL */
};

#define SINK_BYTES	(1UL << 20)	/* it may become */

/* 0 or -errno.  A server, if it takes one, ends with this process. */
int sink_open(struct sink *sink, enum sink_kind kind);

/* For who has the descriptor or has not, such as the parent of who has. */
void sink_unmount(struct sink *sink);

#endif /* SINK_H */
