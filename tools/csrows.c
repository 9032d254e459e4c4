// SPDX-License-Identifier: GPL-2.0-only
/*
 * A row counts uncorrected errors as a whole, since its channels are read
 * together, and corrected ones by channel.  So a row of several channels is one
 * entry for itself and one for each channel.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "csrows.h"
#include "root.h"

#define CONTROLLER	"/sys/devices/system/edac/mc/mc%u"
#define ROW		CONTROLLER "/csrow%u/"
#define CHANNELS_MAX	16u	/* as in Linux */

struct row {
	unsigned int mc, number;
	uint64_t uncorrected, corrected;
	unsigned int n;		/* channels that have memory */
	struct dimm channel[CHANNELS_MAX];
};

static void read_label(struct dimm *dimm, const struct row *row,
		       unsigned int channel)
{
	if (read_line(dimm->label, sizeof(dimm->label), ROW "ch%u_dimm_label",
		      row->mc, row->number, channel) || !*dimm->label)
		snprintf(dimm->label, sizeof(dimm->label), "mc%u csrow%u ch%u",
			 row->mc, row->number, channel);
}

/* A channel without memory has no files. */
static int read_channel(struct row *row, unsigned int channel)
{
	struct dimm *dimm = &row->channel[row->n];
	int err;

	*dimm = (struct dimm){ .controller = row->mc };
	err = read_count(&dimm->corrected, ROW "ch%u_ce_count", row->mc,
			 row->number, channel);
	if (err == -ENOENT)
		return 0;
	read_label(dimm, row, channel);
	snprintf(dimm->name, sizeof(dimm->name), "csrow%u/ch%u", row->number,
		 channel);
	snprintf(dimm->location, sizeof(dimm->location),
		 "csrow %u channel %u", row->number, channel);
	row->n++;
	return err;
}

/* Returns why the first of the counts that are missing was not read, or 0. */
static int read_row(struct row *row)
{
	unsigned int channel;
	int ret, err = read_count(&row->uncorrected, ROW "ue_count", row->mc,
				  row->number);

	ret = read_count(&row->corrected, ROW "ce_count", row->mc,
			 row->number);
	err = err ? err : ret;
	for (channel = 0; channel < CHANNELS_MAX; channel++) {
		ret = read_channel(row, channel);
		err = err ? err : ret;
	}
	return err;
}

static void join_labels(struct dimm *whole, const struct row *row)
{
	size_t at = 0, size = sizeof(whole->label);
	unsigned int i;

	for (i = 0; i < row->n && at < size; i++)
		at += (size_t)snprintf(whole->label + at, size - at, "%s%s",
				       i ? "+" : "", row->channel[i].label);
	if (!row->n)
		snprintf(whole->label, size, "mc%u csrow%u", row->mc,
			 row->number);
}

static int add_whole(struct dimms *dimms, const struct row *row)
{
	struct dimm *whole = dimms_add(dimms, row->mc);
	uint64_t traced = 0;
	unsigned int i;

	if (!whole)
		return -ENOMEM;
	snprintf(whole->name, sizeof(whole->name), "csrow%u", row->number);
	snprintf(whole->location, sizeof(whole->location), "csrow %u",
		 row->number);
	join_labels(whole, row);
	for (i = 0; i < row->n; i++)
		if (row->channel[i].corrected != COUNT_UNKNOWN)
			traced += row->channel[i].corrected;
	whole->uncorrected = row->uncorrected;
	whole->corrected = row->corrected;
	if (row->corrected != COUNT_UNKNOWN)
		whole->corrected -= traced < row->corrected ?
				    traced : row->corrected;
	return 0;
}

static int add_row(struct dimms *dimms, struct row *row)
{
	int err = row->n == 1 ? 0 : add_whole(dimms, row);
	struct dimm *dimm;
	unsigned int i;

	if (row->n == 1) {
		row->channel[0].uncorrected = row->uncorrected;
		row->channel[0].corrected = row->corrected;
	}
	for (i = 0; i < row->n && !err; i++) {
		dimm = dimms_add(dimms, row->mc);
		if (dimm)
			*dimm = row->channel[i];
		else
			err = -ENOMEM;
	}
	return err;
}

int csrows_read(struct dimms *dimms, unsigned int mc)
{
	struct row row;
	unsigned int *ids;
	char dir[64];
	int i, n, err = 0, unread;

	snprintf(dir, sizeof(dir), CONTROLLER, mc);
	n = list_numbered(dir, "csrow", &ids);
	for (i = 0; i < n && !err; i++) {
		row = (struct row){ .mc = mc, .number = ids[i] };
		unread = read_row(&row);
		if (unread)
			unread_member(&dimms->unread, unread, "mc%u/csrow%u",
				      mc, ids[i]);
		err = add_row(dimms, &row);
	}
	free(ids);
	return err ? err : n;
}
