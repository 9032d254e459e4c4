/* SPDX-License-Identifier: GPL-2.0-only */
/* A FUSE server whose root is a regular file, kept in the server's memory. */
#ifndef FUSESERVER_H
#define FUSESERVER_H

#include <stddef.h>
#include <sys/types.h>

/* Mount it on the file @at; returns the server's pid, or -errno. */
pid_t fuseserver_start(const char *at, size_t bytes_max);

#endif /* FUSESERVER_H */
