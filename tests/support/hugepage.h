/* SPDX-License-Identifier: GPL-2.0-only */
/* A file of one huge page, with or without the policy, and its mapping. */
#ifndef HUGEPAGE_H
#define HUGEPAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef MFD_MF_KEEP_UE_MAPPED
#define MFD_MF_KEEP_UE_MAPPED	0x0020U
#endif

#define BASE_PAGE	4096UL
#define SIZE_2M		(2UL << 20)
#define SIZE_1G		(1UL << 30)

/*
 * @map is a shared mapping of the whole file; @pa is the folio's guest physical
 * address when it was first touched.
 */
struct hugepage {
	size_t size;
	int fd;
	char *map;
	uint64_t pa;
};

/*
 * True in a control run (MFR_CONTROL=1): files are created without the policy,
 * everything else is the same, and the tests must fail.
 */
bool policy_omitted(void);

/* memfd_create() of @size pages with the policy; -errno on failure. */
int hugepage_memfd(size_t size);

/*
 * Create, map and touch one huge page of @size; 0 or -errno.  Unlike the other
 * files, this one can be sealed, which udmabuf requires.
 */
int hugepage_create(struct hugepage *hp, size_t size);

/* The same without the policy, in every run. */
int hugepage_create_plain(struct hugepage *hp, size_t size);

/* A further shared mapping of the file; NULL on failure. */
char *hugepage_map(const struct hugepage *hp);

/* Drop this process' mapping and descriptor. */
void hugepage_close(struct hugepage *hp);

static inline unsigned long hugepage_pfn(const struct hugepage *hp,
					 size_t offset)
{
	return (hp->pa + offset) / BASE_PAGE;
}

#endif /* HUGEPAGE_H */
