/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks that the kernel's figures on pools and memory errors agree with each
 * other, which they must after any test.
 */
#ifndef ACCOUNTING_H
#define ACCOUNTING_H

/* Describes the first contradiction; "" if there is none. */
const char *accounting_fault(void);

#endif /* ACCOUNTING_H */
