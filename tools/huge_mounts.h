/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mounts of hugetlbfs that a process sees: which files have huge pages, and
 * whether they have the policy, can be told without touching them, by their paths
 * and, as others can have such names, by their devices.
 */
#ifndef MFR_HUGE_MOUNTS_H
#define MFR_HUGE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct huge_mount {
	char *dir;
	dev_t device;
	bool kept;		/* mf_keep_ue_mapped */
};

struct huge_mounts {
	size_t n;
	struct huge_mount *mount;
};

/*
 * None if the process has gone. 0 or -errno: -ENOMEM, or why memfd_create() does not
 * tell which devices it has files on.
 */
int huge_mounts_read(struct huge_mounts *mounts, unsigned int pid);
void huge_mounts_free(struct huge_mounts *mounts);

/* That which holds the file at @path, or NULL. */
const struct huge_mount *huge_mounts_find(const struct huge_mounts *mounts,
					  const char *path);

/* Are the files of @device on one of them, or of memfd_create()? */
bool huge_mounts_have(const struct huge_mounts *mounts, dev_t device);

#endif /* MFR_HUGE_MOUNTS_H */
