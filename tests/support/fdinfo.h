/* SPDX-License-Identifier: GPL-2.0-only */
/* What /proc/self/fdinfo says of the policy. */
#ifndef FDINFO_H
#define FDINFO_H

#include <stdbool.h>
#include <stddef.h>

/* There is exactly one line that says that the file has the policy. */
bool fdinfo_policy(int fd);

/* The mf_ue lines as they are, without the key, one space between two. */
const char *fdinfo_ranges(int fd);

/* There is a line that starts with mf_. */
bool fdinfo_any(int fd);

#endif /* FDINFO_H */
