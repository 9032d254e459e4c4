/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that status, check and export tell of a host.
 */
#ifndef MFR_HOST_H
#define MFR_HOST_H

#include <stdbool.h>

#include "dimms.h"
#include "kept.h"
#include "nodes.h"
#include "pools.h"
#include "scanner.h"

struct host {
	struct corrupted corrupted;
	struct nodes nodes;
	struct pools pools;
	struct kept kept;
	struct dimms dimms;
	struct scanner scanner;
};

void host_read(struct host *host);
void host_free(struct host *host);

/* Neither the poisoned memory nor the nodes' counters could be read. */
bool host_unknown(const struct host *host);

/*
 * Why a source is missing and what to do, for each that is: @tell gets its
 * name, and the words.
 */
void host_missing(const struct host *host,
		  void (*tell)(const char *source, const char *why, void *arg),
		  void *arg);

#endif /* MFR_HOST_H */
