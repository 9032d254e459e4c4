/* SPDX-License-Identifier: GPL-2.0-only */
/* Control groups below /sys/fs/cgroup (version 2), by their relative name. */
#ifndef CGROUP_H
#define CGROUP_H

/* Create @name; first enable @controllers ("+hugetlb") below @parent. */
int cgroup_make(const char *parent, const char *name, const char *controllers);

/* Move the calling process into the group; "." is the root. */
int cgroup_enter(const char *name);

/* The number in the group's @file, or after @key ("max ") in it; or -errno. */
long cgroup_number(const char *name, const char *file);
long cgroup_value(const char *name, const char *file, const char *key);

int cgroup_write(const char *name, const char *file, const char *text);

/* 0 or -errno; works if the group has no processes, whatever its charges. */
int cgroup_remove(const char *name);

#endif /* CGROUP_H */
