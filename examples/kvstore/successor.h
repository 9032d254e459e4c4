/* SPDX-License-Identifier: MIT */
/*
 * A server and the one that succeeds it, over the server's own socket:
 *
 *	successor			server
 *	"hand-over"
 *					memfd and ledger (mfr_region_send())
 *					"OFFSET LENGTH KEY" a record, "end COUNT"
 *	"taken"
 *					"bye", and ends
 *
 * Whatever goes wrong before "bye": the server goes on, and the successor ends.
 * So at each moment one of them alone uses the memory.
 */
#ifndef SUCCESSOR_H
#define SUCCESSOR_H

#include "store.h"

/* Give all to who asked on @fd; 0: the caller has nothing any more. */
int hand_over(const struct store *store, int fd);

/* Take it from the server at @fd.  Errors also of mfr_region_receive(). */
int take_over(struct store *store, struct mfr_context *context, int fd);

#endif /* SUCCESSOR_H */
