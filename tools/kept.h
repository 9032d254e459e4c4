/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files whose huge pages stay mapped after a memory error, and the processes
 * that hold them: mf_keep_ue_mapped and mf_ue in /proc/PID/fdinfo/FD.  Files that
 * are mapped only are found by their mappings.  And which huge pages of a process
 * do not stay mapped, and why.
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
	char name[256];		/* of memfd_create(), or the path on hugetlbfs */
	uint64_t device;	/* with the inode, identifies the file */
	uint64_t inode;
	uint64_t page_bytes;	/* 0 if it is not known */
	size_t n_lost;
	struct lost *lost;	/* sorted and merged by the kernel */
	size_t n_holders;
	struct holder *holder;	/* each process once, by pid */
};

enum unkept_why {
	UNKEPT_PRIVATE,		/* copies of its own, which no file has */
	UNKEPT_ANONYMOUS,	/* shared, but of no file that has a creator */
	UNKEPT_SYSV,		/* of shmget() */
	UNKEPT_MEMFD,		/* created without the flag */
	UNKEPT_FILE,		/* on a hugetlbfs without the mount option */
	N_UNKEPT,
};

/* For JSON, and what would keep them, for people. */
extern const char *const unkept_names[N_UNKEPT];
extern const char *const unkept_cures[N_UNKEPT];

/* Mappings of huge pages of a process without the policy, for one reason. */
struct unkept {
	struct holder process;
	enum unkept_why why;
	uint64_t page_bytes;
	uint64_t bytes;
};

struct kept {
	int err;
	size_t n;
	struct kept_file *file;
	size_t n_unkept;	/* 0 on a kernel without the policy */
	struct unkept *unkept;	/* by process */
	size_t unseen;		/* processes whose files we may not read */
	size_t hanging;		/* processes that the kernel does not tell about */
	pid_t first_hanging;	/* one of these */
};

void kept_read(struct kept *kept);

/* Add those of one process; @kept begins as zeroes. */
void kept_read_process(struct kept *kept, pid_t pid);

void kept_free(struct kept *kept);
uint64_t kept_lost_bytes(const struct kept_file *file);

#endif /* MFR_KEPT_H */
