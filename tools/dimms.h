/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory modules known to an EDAC driver, with their labels and error
 * counts (/sys/devices/system/edac/mc).
 */
#ifndef MFR_DIMMS_H
#define MFR_DIMMS_H

#include <stddef.h>
#include <stdint.h>

struct dimm {
	unsigned int controller;
	unsigned int number;
	char label[64];
	char location[64];
	uint64_t uncorrected;
	uint64_t corrected;
};

struct dimms {
	int err;		/* -ENOENT: no EDAC driver for this machine */
	size_t n;
	struct dimm *dimm;	/* by controller and number */
};

void dimms_read(struct dimms *dimms);
void dimms_free(struct dimms *dimms);

#endif /* MFR_DIMMS_H */
