/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a source could not be read.  An unreadable member must neither count
 * as "no errors" nor hide the members after it.
 */
#ifndef MFR_UNREAD_H
#define MFR_UNREAD_H

#include <stddef.h>

struct unread {
	int err;		/* 0: all was read; else of the first member */
	size_t n;		/* members that could not be read */
	char first[48];		/* the first one; empty: the source as a whole */
};

/* The source as a whole: it is absent (-ENOENT), or cannot be read. */
void unread_all(struct unread *unread, int err);

/* A member, named as in sysfs. */
void unread_member(struct unread *unread, int err, const char *name, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* MFR_UNREAD_H */
