/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that is cycled through, and what errors and the recovery from
 * them have done to it.
 *
 * Errors hit huge pages, one base page of each, at places that are random,
 * other ones in each turn and the same in every run; those of a small share are
 * among those of a larger one.  A base page that is lost is not to be touched any more.
 */
#ifndef AREA_H
#define AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE_PAGE_BYTES	4096UL

/* Exit statuses, beside 0 */
enum {
	STATUS_WRONG_VALUE = 1,
	STATUS_REFUSED = 2,	/* bad options, or not enough of something */
	STATUS_LOST = 3,	/* more than a base page, in one SIGBUS */
};

enum backing {
	BACKING_THP,		/* anonymous transparent huge pages */
	BACKING_2M,		/* hugetlb memfd */
	BACKING_1G,
	BACKING_BASE,		/* anonymous base pages */
};

enum how {
	HOW_KEPT,	/* mapped huge as before */
	HOW_SPLIT,	/* base pages in the place of the huge one */
	HOW_POISON,	/* the kernel decides: a line is bad, in the lab */
	HOW_HWPOISON,	/* the same, as MADV_HWPOISON says */
};

/* What share of the huge pages is hit, 0 to 1, and how that was dealt with. */
struct damage {
	double share;
	enum how how;
};

struct hit {
	size_t huge;		/* index of the huge page */
	size_t base;		/* of the base page that is lost, in the area */
};

struct area {
	enum backing backing;
	char *start;
	size_t bytes;
	size_t huge_bytes;	/* the unit that is hit */
	int fd;			/* of hugetlb pages, or -1 */
	bool *lost;		/* by base page */
	bool *is_hit;		/* by huge page */
	struct hit *hits;	/* all huge pages in the order of being hit */
	size_t n_hits;		/* so many of them are, now */
	enum how how;
};

/* It cannot be undone. */
static inline bool how_is_poison(enum how how)
{
	return how == HOW_POISON || how == HOW_HWPOISON;
}

size_t backing_bytes(enum backing backing);

/*
 * Map @bytes, a multiple of backing_bytes().  Ends the program with one line
 * if they cannot be had.  Nothing is touched yet.
 */
void area_create(struct area *a, enum backing backing, size_t bytes,
		 bool keep);

/* Where errors hit from now on.  The area is healthy. */
void area_choose_hits(struct area *a, unsigned int turn);

/* Repair all but poison: huge pages everywhere, with any content. */
void area_heal(struct area *a);

/* Hit a healthy area.  What is not lost keeps its content. */
void area_hit(struct area *a, const struct damage *d);

/* Huge pages that @d hits. */
size_t area_hits(const struct area *a, const struct damage *d);

/* Bytes that are mapped by huge pages, as the kernel tells. */
size_t area_mapped_huge(const struct area *a);

/* End the program unless all of the area that should be is mapped huge. */
void area_need_huge(const struct area *a);

size_t area_lost_bytes(const struct area *a);

/* Before the memory goes back to the kernel; from a signal handler too. */
void area_clear_poison(void);

#endif /* AREA_H */
