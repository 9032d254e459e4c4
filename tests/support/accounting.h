/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Do all of the kernel's figures on pools and memory errors fit together?
 * Whatever happened, they have to.
 */
#ifndef ACCOUNTING_H
#define ACCOUNTING_H

/* The first contradiction, in words; "" without one. */
const char *accounting_fault(void);

#endif /* ACCOUNTING_H */
