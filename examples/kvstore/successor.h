/* SPDX-License-Identifier: MIT */
/*
 * The protocol of a server and its successor, on the server's own socket:
 *
 *	successor			server
 *	"hand-over"
 *					memfd and ledger (mfr_region_send())
 *					"OFFSET LENGTH KEY" lines, "end COUNT"
 *	"taken"
 *					"bye", and exits
 *
 * If anything fails before "bye", the server continues and the successor exits.
 * So at any time only one of them uses the memory.
 */
#ifndef SUCCESSOR_H
#define SUCCESSOR_H

#include "store.h"

/* Hand over to the successor on @fd.  0: the memory is no longer ours. */
int hand_over(const struct store *store, int fd);

/* Take over from the server on @fd.  Also errors of mfr_region_receive(). */
int take_over(struct store *store, struct mfr_context *context, int fd);

#endif /* SUCCESSOR_H */
