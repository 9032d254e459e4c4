/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel interfaces that pin pages of a huge page for an unlimited time, and
 * that read and write them by the pin, even after mapping and file are gone.
 */
#ifndef PINNER_H
#define PINNER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hugepage.h"
#include "uring.h"

enum pinner_kind {
	PINNER_URING,		/* io_uring: a registered buffer */
	PINNER_GUP,		/* gup_test: pin_user_pages() */
	PINNER_GUP_FAST,	/* gup_test: pin_user_pages_fast() */
	PINNER_VFIO,		/* VFIO type 1, and edu's DMA */
	PINNER_IOMMUFD,		/* iommufd, and edu's DMA */
	PINNER_UDMABUF,		/* udmabuf: memfd_pin_folios() */
};

#define PINNER_FDS	3

/*
 * @fd are all its descriptors, -1 if unused.  What is pinned: @len bytes at
 * @addr in the process that pinned them, at @offset in the file.
 */
struct pinner {
	enum pinner_kind kind;
	int fd[PINNER_FDS];
	char *addr;
	size_t offset, len;
	struct uring ring;	/* of PINNER_URING */
	uint32_t ioas;		/* of PINNER_IOMMUFD */
};

/* All that return an int return 0 or -errno. */
int pinner_open(struct pinner *p, enum pinner_kind kind);

/*
 * Pin @len bytes of the file at @offset, which the caller has mapped.  One pin
 * at a time.  PINNER_UDMABUF seals the file: it can no longer be truncated.
 */
int pinner_pin(struct pinner *p, const struct hugepage *hp, size_t offset,
	       size_t len);

/* Drop the pin; io_uring finishes this a moment after the return. */
void pinner_unpin(struct pinner *p);
void pinner_close(struct pinner *p);

/* Close the descriptors only: another process has taken them over. */
void pinner_forget(struct pinner *p);

/* Take over @p from process @from: replace its descriptors by our own. */
int pinner_take(struct pinner *p, pid_t from);

/*
 * Move PINNER_BYTES through the pin, from or to the base page at @offset of the
 * file.  To read, gup_test copies all pinned pages, so none of them may be raw;
 * it cannot write: -EOPNOTSUPP.
 */
#define PINNER_BYTES	2048	/* as much as edu can move at once */

int pinner_read(struct pinner *p, size_t offset, void *data);
int pinner_write(struct pinner *p, size_t offset, const void *data);

/*
 * Map all pages that PINNER_UDMABUF has pinned, as VM_PFNMAP; NULL on failure.
 */
char *pinner_map(const struct pinner *p);

#endif /* PINNER_H */
