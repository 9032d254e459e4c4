/* SPDX-License-Identifier: GPL-2.0-only */
/* The lines on the policy in /proc/self/fdinfo. */
#ifndef FDINFO_H
#define FDINFO_H

#include <stdbool.h>
#include <stddef.h>

/* True if exactly one line states that the file has the policy. */
bool fdinfo_policy(int fd);

/* The values of all mf_ue lines, unchanged, separated by one space. */
const char *fdinfo_ranges(int fd);

/* True if any line starts with mf_. */
bool fdinfo_any(int fd);

#endif /* FDINFO_H */
