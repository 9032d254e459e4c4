/* SPDX-License-Identifier: GPL-2.0-only */
/* The attacker's descriptors: one of each kind that a user can open. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

#include "random.h"

enum descriptor {
	FD_KNOWN, FD_NEW, FD_GIGANTIC,		/* the files with lost lines */
	FD_SHMEM, FD_FILE, FD_DIR, FD_PROC, FD_MEM, FD_NULL, FD_ZERO,
	FD_PIPE_OUT, FD_PIPE_IN, FD_PIPE2_OUT, FD_PIPE2_IN,
	FD_UNIX, FD_UNIX_PEER, FD_DGRAM, FD_DGRAM_PEER, FD_UDP, FD_TCP,
	FD_TCP_PEER, FD_NETLINK, FD_ALG, FD_ALG_OP, FD_VSOCK, FD_PACKET, FD_XDP,
	FD_EVENT, FD_TIMER, FD_SIGNAL, FD_INOTIFY, FD_EPOLL, FD_FAULT, FD_QUEUE,
	FD_PTY, FD_PIDFD, FD_FUSE, FD_PERF, FD_URING, FD_FANOTIFY,
	FD_MAX
};

/* Open all that can be opened; the others are -1. */
void descriptors_open(void);

int descriptor(enum descriptor which);

/* A random one of them; 0 to 2 in place of one that is not open. */
int descriptors_any(struct rng *rng);

#endif /* DESCRIPTORS_H */
