/* SPDX-License-Identifier: MIT */
#ifndef RUN_H
#define RUN_H

#include "machine.h"

struct vmm {
	struct machine *machine;
	struct mfr_region *ram;
	const char *migrate_to;		/* a socket's path, or NULL */
	uint64_t passes;		/* to end after, or 0 */
	bool reset;			/* rather than end a guest that is lost */
};

enum run_end {
	RUN_ENDED,
	RUN_MOVED,			/* it continues at the destination */
	RUN_LOST,			/* or its data is */
};

/*
 * Handle signals from now on: SIGINT and SIGTERM end run(), SIGUSR1 resets the guest,
 * SIGUSR2 migrates it.
 */
void requests_take(const struct vmm *v);

/* Run the guest, and print what becomes of it. */
enum run_end run(const struct vmm *v);

#endif /* RUN_H */
