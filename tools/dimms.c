// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dimms.h"
#include "root.h"

#define CONTROLLERS	"/sys/devices/system/edac/mc"
#define DIMM		CONTROLLERS "/mc%u/dimm%u/"

static int read_dimm(struct dimm *dimm, unsigned int mc, unsigned int n)
{
	int err;

	dimm->controller = mc;
	dimm->number = n;
	if (read_line(dimm->label, sizeof(dimm->label), DIMM "dimm_label",
		      mc, n) || !*dimm->label)
		snprintf(dimm->label, sizeof(dimm->label), "mc%u dimm%u",
			 mc, n);
	if (read_line(dimm->location, sizeof(dimm->location),
		      DIMM "dimm_location", mc, n))
		*dimm->location = '\0';
	err = read_number(&dimm->uncorrected, DIMM "dimm_ue_count", mc, n);
	return err ? err : read_number(&dimm->corrected,
				       DIMM "dimm_ce_count", mc, n);
}

static int read_controller(struct dimms *dimms, unsigned int mc)
{
	char dir[sizeof(CONTROLLERS) + 16];
	struct dimm *more;
	unsigned int *ids;
	int i, n, err = 0;

	snprintf(dir, sizeof(dir), CONTROLLERS "/mc%u", mc);
	n = list_numbered(dir, "dimm", &ids);
	if (n <= 0)
		return n;
	more = reallocarray(dimms->dimm, dimms->n + (size_t)n, sizeof(*more));
	if (more)
		dimms->dimm = more;
	else
		err = -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		err = read_dimm(&dimms->dimm[dimms->n], mc, ids[i]);
		dimms->n += !err;
	}
	free(ids);
	return err;
}

void dimms_read(struct dimms *dimms)
{
	unsigned int *ids;
	int i, n = list_numbered(CONTROLLERS, "mc", &ids);

	*dimms = (struct dimms){ .err = n < 0 ? n : n ? 0 : -ENOENT };
	for (i = 0; i < n && !dimms->err; i++)
		dimms->err = read_controller(dimms, ids[i]);
	free(ids);
}

void dimms_free(struct dimms *dimms)
{
	free(dimms->dimm);
	*dimms = (struct dimms){ 0 };
}
