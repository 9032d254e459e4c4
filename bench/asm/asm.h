/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replaces the kernel's header when bench/scan compiles kernel/memscan/load.c
 * for user mode.  No load may trap there, so there is no exception table.
 */
#ifndef BENCH_ASM_H
#define BENCH_ASM_H

#define _ASM_EXTABLE_TYPE(...)

#endif /* BENCH_ASM_H */
