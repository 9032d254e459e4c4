/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that is cycled through, and the state in which errors and the
 * recovery from them have left it.
 *
 * An error hits one base page of a huge page, at random: elsewhere in each
 * turn, but the same in every run.  A larger share includes the hits of a
 * smaller one.  A lost base page must not be touched any more.
 */
#ifndef AREA_H
#define AREA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE_PAGE_BYTES	4096UL

/* Exit statuses other than 0 */
enum {
	STATUS_WRONG_VALUE = 1,
	STATUS_REFUSED = 2,	/* bad options, or too few resources */
	STATUS_LOST = 3,	/* SIGBUS reported more than a base page */
};

enum backing {
	BACKING_THP,		/* anonymous transparent huge pages */
	BACKING_2M,		/* hugetlb memfd */
	BACKING_1G,
	BACKING_BASE,		/* anonymous base pages */
};

enum how {
	HOW_KEPT,	/* mapped huge as before */
	HOW_SPLIT,	/* base pages in place of the huge page */
	HOW_POISON,	/* poison a line in the lab; the kernel decides */
	HOW_HWPOISON,	/* the same with MADV_HWPOISON */
};

/* The share of the huge pages that is hit, 0 to 1, and how it was handled. */
struct damage {
	double share;
	enum how how;
};

struct hit {
	size_t huge;		/* index of the huge page */
	size_t base;		/* index in the area of the lost base page */
};

struct area {
	enum backing backing;
	char *start;
	size_t bytes;
	size_t huge_bytes;	/* the unit that is hit */
	int fd;			/* of hugetlb pages, or -1 */
	bool *lost;		/* by base page */
	bool *is_hit;		/* by huge page */
	struct hit *hits;	/* all huge pages, in the order of hits */
	size_t n_hits;		/* how many of these are hit now */
	enum how how;
};

/* Poison cannot be undone. */
static inline bool how_is_poison(enum how how)
{
	return how == HOW_POISON || how == HOW_HWPOISON;
}

size_t backing_bytes(enum backing backing);

/*
 * Map @bytes, a multiple of backing_bytes(), without touching them.  Ends the
 * program with one line on failure.
 */
void area_create(struct area *a, enum backing backing, size_t bytes,
		 bool keep);

/* Choose where errors hit from now on.  The area must be healthy. */
void area_choose_hits(struct area *a, unsigned int turn);

/* Undo hits, except poison: all pages are huge, their contents undefined. */
void area_heal(struct area *a);

/* Hit a healthy area.  Base pages that are not lost keep their contents. */
void area_hit(struct area *a, const struct damage *d);

/* The number of huge pages that @d hits. */
size_t area_hits(const struct area *a, const struct damage *d);

/* Bytes that are mapped by huge pages, according to the kernel. */
size_t area_mapped_huge(const struct area *a);

/* End the program unless exactly what should be mapped huge is. */
void area_need_huge(const struct area *a);

size_t area_lost_bytes(const struct area *a);

/* Call before the memory is freed; a signal handler may call it, too. */
void area_clear_poison(void);

#endif /* AREA_H */
