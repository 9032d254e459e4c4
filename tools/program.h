/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a running program lacks to survive a memory error; of QEMU, also what its
 * guest lacks.
 */
#ifndef MFR_PROGRAM_H
#define MFR_PROGRAM_H

#include <sys/types.h>

struct kept;
struct problems;

/*
 * Add what is wrong with process @pid, whose files are @kept. Returns 0, or -errno
 * if it cannot be told: -ESRCH without such a process, -EPERM if only root may
 * look, -ETIMEDOUT if the kernel does not answer (patience.h).
 */
int program_problems(struct problems *problems, struct kept *kept, pid_t pid);

#endif /* MFR_PROGRAM_H */
