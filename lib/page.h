/* SPDX-License-Identifier: MIT */
/* The base page of x86-64, the only architecture of guard.c. */
#ifndef MFR_PAGE_H
#define MFR_PAGE_H

#define MFR_PAGE_BYTES	4096

#endif /* MFR_PAGE_H */
