/* SPDX-License-Identifier: MIT */
/*
 * Migration over a unix stream socket, while the guest stands still:
 *
 *	source				destination
 *	struct stream_head
 *	all memory from 0 up, in ranges: struct stream_range, and its bytes unless
 *	they are lost
 *	struct cpu_state
 *					"taken": the guest is ready to run here
 *	"go", and exits
 *
 * If anything fails before "go", the guest continues at the source, and the
 * destination exits.  There is no encryption, and the CPU's state is believed: connect
 * only to a process that you trust.
 */
#ifndef MIGRATE_H
#define MIGRATE_H

#include <stdint.h>

#include "state.h"

#define STREAM_MAGIC	"minivmm"
#define STREAM_VERSION	1

struct stream_head {
	char magic[8];
	uint32_t version;
	uint32_t state_bytes;
	uint64_t ram_bytes;
};

enum stream_kind {
	STREAM_MEMORY = 1,
	STREAM_LOST,			/* without bytes */
};

struct stream_range {
	uint64_t kind;			/* enum stream_kind */
	uint64_t offset;		/* the end of the last range */
	uint64_t bytes;			/* whole pages */
};

/*
 * Return a socket, or a negative errno.  migrate_accept() waits for one connection, and
 * returns -EINTR after a signal.
 */
int migrate_connect(const char *path);
int migrate_accept(const char *path);

/* 0: the guest is the destination's.  Else a negative errno, and it is still ours. */
int migrate_send(int socket, struct mfr_region *ram, const struct cpu_state *state);

/*
 * Fill @ram, whose ledger then lists what is lost, and @state.  0, or -1 after a
 * message that says why the guest is refused.
 */
int migrate_receive(int socket, struct mfr_region *ram, struct cpu_state *state);

/* The guest is ready to run: take it over.  Returns as above. */
int migrate_confirm(int socket);

#endif /* MIGRATE_H */
