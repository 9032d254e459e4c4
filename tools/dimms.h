/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What EDAC counts (/sys/devices/system/edac/mc): errors by memory module, and
 * by memory controller those that the driver cannot trace to a module.
 *
 * Drivers name modules dimmN.  Those that count by chip select (amd64_edac,
 * ie31200_edac) name ranks, rankN.  Kernels before 4.10 count only by csrowN
 * and its channels; later ones repeat that next to the others
 * (CONFIG_EDAC_LEGACY_SYSFS).
 */
#ifndef MFR_DIMMS_H
#define MFR_DIMMS_H

#include <stddef.h>
#include <stdint.h>

#include "unread.h"

struct dimm {
	unsigned int controller;
	char name[32];		/* its directory: "dimm0", "rank4", "csrow2/ch0" */
	char label[64];
	char location[64];
	uint64_t uncorrected;
	uint64_t corrected;
};

/* The totals include what is counted for its modules. */
struct controller {
	unsigned int number;
	char name[64];		/* of its type, or empty */
	uint64_t uncorrected;
	uint64_t corrected;
	uint64_t untraced_uncorrected;	/* of no known module */
	uint64_t untraced_corrected;
};

struct dimms {
	struct unread unread;	/* -ENOENT: no EDAC driver for this machine */
	size_t n;
	struct dimm *dimm;	/* by controller and number */
	size_t n_controllers;
	struct controller *controller;	/* by number */
};

void dimms_read(struct dimms *dimms);
void dimms_free(struct dimms *dimms);

#endif /* MFR_DIMMS_H */
