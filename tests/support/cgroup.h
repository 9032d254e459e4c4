/* SPDX-License-Identifier: GPL-2.0-only */
/* Control groups below /sys/fs/cgroup (version 2), by their relative name. */
#ifndef CGROUP_H
#define CGROUP_H

/* Make it; first enable @controllers ("+hugetlb") below @parent. */
int cgroup_make(const char *parent, const char *name, const char *controllers);

/* Move the calling process; "." is the root. */
int cgroup_enter(const char *name);

/* The number in its file, or behind @key ("max ") there; or -errno. */
long cgroup_number(const char *name, const char *file);
long cgroup_value(const char *name, const char *file, const char *key);

int cgroup_write(const char *name, const char *file, const char *text);

/* 0 or -errno; a group without processes can go, whatever it is charged. */
int cgroup_remove(const char *name);

#endif /* CGROUP_H */
