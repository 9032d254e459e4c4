/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The oracle: what the kernel promises of every base page, pool and counter.
 *
 * The model only moves by the functions below, each of which stands for
 * something that a program does to memory or that happens to it; the checks
 * compare it with what there is.  It lies in memory that all processes of the
 * campaign share, and holds no pointers.
 *
 *	file	a memfd with the policy, of up to SLOTS_MAX huge pages
 *	slot	a huge page's place in a file: empty, reserved, or with a folio
 *	folio	a huge page in use; it outlives its slot while it is pinned
 *	page	a base page of a folio: its contents, and whether it is lost
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "counters.h"
#include "failure.h"
#include "hugepage.h"
#include "nodes.h"
#include "raise.h"

#define FILES_MAX	8
#define SLOTS_MAX	4
#define PEERS_MAX	3
#define PROCESSES_MAX	(1 + PEERS_MAX)

/* Of 2 MiB; one folio of 1 GiB comes behind them. */
#define SMALL_MAX	64
#define FOLIOS_MAX	(SMALL_MAX + 1)
#define GIGANTIC	SMALL_MAX
#define SMALL_PAGES	(SIZE_2M / BASE_PAGE)
#define PAGES_MAX	(SMALL_MAX * SMALL_PAGES + SIZE_1G / BASE_PAGE)

#define SLOT_EMPTY	(-1)	/* no folio, and none is reserved for it */
#define SLOT_RESERVED	(-2)

#define WAYS		4	/* of enum error_way */

enum page_state {
	PAGE_HEALTHY,
	PAGE_SIMULATED,	/* lost, as the kernel was told; the bytes are there */
	PAGE_REAL,	/* a load of @line is a machine check */
};

struct page_model {
	uint32_t stamp;			/* of the last write, 0: zeroes */
	uint16_t zero_from, zero_to;	/* bytes that were punched since */
	uint8_t state, line;
};

/* The kernel logs so many reports of known raw pages of a folio in 5 s. */
#define LOGGED_REPEATS	10

struct folio_model {
	bool live;
	uint64_t pa;
	size_t size;
	int file, slot;			/* -1: in no file any more */
	unsigned int pins;
	unsigned int raw, raw_limit;	/* raw pages, and how many it may get */
	unsigned long repeats;		/* reports of known raw pages */
	uint64_t repeat_ms[LOGGED_REPEATS];	/* when the last of them came */
};

struct file_model {
	bool live;
	size_t size;			/* of its huge pages */
	unsigned int nr;		/* huge pages up to the end of file */
	unsigned int holders;		/* bit n: process n has it open */
	int slot[SLOTS_MAX];
};

struct peer_model {
	bool live, early_kill;
	uint8_t covers[FILES_MAX];	/* bit n: slot n is in a mapping of it */
	unsigned int optional;		/* action optional signals so far */
};

/* Sizes of huge pages, and indices of their pools. */
enum { POOL_2M, POOL_1G, POOLS };

/* What left a pool in this step, in an order that is the kernel's. */
struct pool_step {
	long unreserved;		/* reservations without a page */
	long healthy;
	long raw_surplus, raw_persistent;	/* as what raw folios went */
};

struct model {
	struct failure failure;
	struct file_model file[FILES_MAX];
	struct folio_model folio[FOLIOS_MAX];
	struct page_model page[PAGES_MAX];
	struct peer_model peer[PROCESSES_MAX];	/* the first is not used */
	struct pools pools[POOLS];
	struct pool_step step[POOLS];
	struct error_counters errors;
	uint32_t last_stamp;
	unsigned long poisoned[WAYS];		/* raw pages, by first report */
	unsigned long repeated;			/* reports of known raw pages */
	long hits;				/* machine checks by loads */
	long log_news, log_known, log_released;	/* results in this step */
	long log_maybe;			/* those of log_known that it may omit */
	unsigned long released;			/* folios with raw pages */
	unsigned long lost_bytes;		/* healthy ones that are wrong */
};

extern struct model *model;

/* Start from what there is; 0 or -errno. */
int model_init(void);

/* Deliberate errors of the model, to show that the checks find them. */
enum broken {
	BREAK_NOTHING, BREAK_CONTENT, BREAK_GRANULE, BREAK_RANGES, BREAK_POOL,
	BREAK_COUNTERS, BREAK_RELEASE, BREAK_SWEEP,
};
extern enum broken broken;
/* BREAK_NOTHING if there is none of that name. */
enum broken model_break(const char *name);

static inline int pool_index(size_t size)
{
	return size == SIZE_1G ? POOL_1G : POOL_2M;
}

static inline unsigned int folio_pages(int folio)
{
	return model->folio[folio].size / BASE_PAGE;
}

static inline struct page_model *page_model(int folio, unsigned int page)
{
	return &model->page[folio * SMALL_PAGES + page];
}

static inline unsigned long page_pfn(int folio, unsigned int page)
{
	return model->folio[folio].pa / BASE_PAGE + page;
}

static inline bool page_is_raw(int folio, unsigned int page)
{
	return page_model(folio, page)->state != PAGE_HEALTHY;
}

/* First raw page from @from on, or @to. */
unsigned int folio_next_raw(int folio, unsigned int from, unsigned int to);

/* Pages of the pool that neither a file nor a reservation has. */
long model_available(size_t size);

unsigned long model_poisoned(void);

/* An index that is not used, or -1. */
int model_free_file(void);
int model_free_folio(size_t size);

void model_create(int file, size_t size, unsigned int nr);
/* A shared mapping of slots [@first, @first + @nr) reserves what is missing. */
void model_map(int file, unsigned int first, unsigned int nr);
/* How many would be. */
long model_to_reserve(int file, unsigned int first, unsigned int nr);
/* The first touch of a slot; returns the folio. */
int model_touch(int file, unsigned int slot, uint64_t pa,
		unsigned int raw_limit);
void model_write(int folio, unsigned int page, uint32_t stamp);
/* Bytes [@from, @to) of a folio become zero, save those of raw pages. */
void model_zero(int folio, size_t from, size_t to);
/* A known raw page is reported. */
void model_repeat(int folio);

void model_poison(int folio, unsigned int page, unsigned int line,
		  enum error_way way);
void model_pin(int folio);
void model_unpin(int folio);
void model_drop_slot(int file, unsigned int slot);
void model_truncate(int file, unsigned int nr);
/* @process has neither descriptor nor mapping any more. */
void model_let_go(int file, unsigned int process);

/* Called with each folio whose last reference goes, while it is as it was. */
extern void (*model_folio_ends)(int folio);

#endif /* MODEL_H */
