/* SPDX-License-Identifier: MIT */
#ifndef MFR_SIGBUS_H
#define MFR_SIGBUS_H

#include <stdbool.h>
#include <stdint.h>

#include <mfr.h>

/* Has this context a part in the library's handler? */
bool mfr_sigbus_is_installed(const struct mfr_context *context);

/*
 * Mark what an error at @offset took, 1 << @lsb bytes as far as the kernel says,
 * and queue an event.  Async-signal-safe.
 */
struct mfr_range mfr_sigbus_lose(struct mfr_region *region, uint64_t offset,
				 unsigned int lsb, unsigned int flags);

#endif /* MFR_SIGBUS_H */
