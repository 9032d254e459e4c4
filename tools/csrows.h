/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EDAC's older layout: rows of chips (csrowN) and their channels.
 */
#ifndef MFR_CSROWS_H
#define MFR_CSROWS_H

#include "dimms.h"

/* Add the rows of a controller.  Returns how many there are, or -ENOMEM. */
int csrows_read(struct dimms *dimms, unsigned int mc);

/* Append to the list; NULL without memory.  For readers of each layout. */
struct dimm *dimms_add(struct dimms *dimms, unsigned int mc);

#endif /* MFR_CSROWS_H */
