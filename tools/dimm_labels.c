// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dimm_labels.h"

#define N_NOTES	256u

static struct note {
	uint64_t pfn;		/* 0: free */
	char label[128];
} notes[N_NOTES];

static size_t next;

static struct note *find(uint64_t pfn)
{
	size_t i;

	for (i = 0; i < N_NOTES && pfn; i++)
		if (notes[i].pfn == pfn)
			return &notes[i];
	return NULL;
}

void dimm_labels_note(uint64_t pfn, const char *label)
{
	struct note *note = find(pfn);

	/* EDAC does not know the DIMM. */
	if (!strcmp(label, "any memory") || !strcmp(label, "unknown memory") ||
	    !*label)
		return;
	if (!note)
		note = &notes[next++ % N_NOTES];
	note->pfn = pfn;
	snprintf(note->label, sizeof(note->label), "%s", label);
}

const char *dimm_labels_find(uint64_t pfn)
{
	const struct note *note = find(pfn);

	return note ? note->label : NULL;
}
