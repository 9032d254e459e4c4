/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's header of this name, as far as kernel/memscan/load.c needs it
 * when bench/scan compiles it for user mode, where no load may trap: no
 * exception table.
 */
#ifndef BENCH_ASM_H
#define BENCH_ASM_H

#define _ASM_EXTABLE_TYPE(...)

#endif /* BENCH_ASM_H */
