/* SPDX-License-Identifier: GPL-2.0-only */
/* Hand out all memory there is, to see who gets what. */
#ifndef EXHAUST_H
#define EXHAUST_H

/*
 * Make huge pages of 2 MiB of all free memory but @spare_kb, where there are
 * @nr now; those that there are then, or -errno.
 */
long exhaust_by_huge_pages(long nr, long spare_kb);

/*
 * Write all memory that a process can have, in a child that the OOM killer
 * ends then; its wait status.
 */
int exhaust_by_base_pages(void);

#endif /* EXHAUST_H */
