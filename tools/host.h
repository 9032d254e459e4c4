/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything that status, check and export report about a host.
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

/*
 * True unless every source of errors that this host has was read in full.  A
 * host may lack EDAC, the scanner and, before Linux 6.3, the nodes' counters.
 */
bool host_unknown(const struct host *host);

/*
 * Call @tell for each source that is missing or not complete, with its name,
 * and with the reason and what to do about it.
 */
void host_missing(const struct host *host,
		  void (*tell)(const char *source, const char *why, void *arg),
		  void *arg);

#endif /* MFR_HOST_H */
