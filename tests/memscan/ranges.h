/* SPDX-License-Identifier: GPL-2.0-only */
/* Read ranges of memory by /dev/memscan, and what it says of them. */
#ifndef RANGES_H
#define RANGES_H

#include <stddef.h>
#include <stdint.h>

#define DEV_MEMSCAN	"/dev/memscan"

/* A descriptor of its own; or -errno. */
int range_open(void);

/* Have @fd read [@pa, @pa + @len) under a cap; 0 or -errno. */
int range_order(int fd, uint64_t pa, size_t len, int max_cpu_percent);

/* The next line, without its newline; its length, 0 at the end, or -errno. */
int range_line(int fd, char line[256]);

/*
 * Read [@pa, @pa + @len) at full speed, to its end; 0 or -errno.  In a control
 * run, does nothing and returns 0.
 */
int range_read(uint64_t pa, size_t len);

/* The same in a thread, which reads on if scanning is paused meanwhile. */
int range_start(uint64_t pa, size_t len);

/* Of these two: how many ranges have been read to their end. */
int range_ended(void);

/* Of the last one that ended: "read_pages", "leaving_pages", ..., "hits". */
long range_last(const char *figure);

/* Of all: hits by outcome, as in hits/; and the page of the last one. */
long range_hits(const char *outcome);
uint64_t range_last_hit_pfn(void);

#endif /* RANGES_H */
