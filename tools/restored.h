/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What mfr badpages restore did to the kernel's counters in this boot: it takes
 * pages out of use by the same path as errors do, but no error occurred.
 * /run/mfr/restored, which does not outlive a boot, has "bytes N" of
 * HardwareCorrupted, and "nodeN COUNT" of failures that were not recovered.
 */
#ifndef MFR_RESTORED_H
#define MFR_RESTORED_H

#include <stdint.h>

#include "nodes.h"

struct restored {
	struct corrupted corrupted;
	struct nodes nodes;
};

/* Read the counters before, and add what has changed since then. */
void restored_begin(struct restored *restored);
void restored_end(struct restored *restored);

/* Errors of the node that were ignored or failed; what is not known is 0. */
uint64_t node_unrecovered(const struct node *node);

/* What was added under that name in this boot, or 0. */
uint64_t restored_find(const char *name);

#endif /* MFR_RESTORED_H */
