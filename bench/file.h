/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of huge pages of one size, and its mapping, not yet touched. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>

struct file {
	int fd;
	char *map;
	size_t page, pages;
};

/* Ends the program on failure.  @policy: with MFD_MF_KEEP_UE_MAPPED. */
struct file file_create(size_t page, size_t pages, bool policy);
void file_close(struct file *f);

#endif /* FILE_H */
