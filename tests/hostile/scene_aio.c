// SPDX-License-Identifier: GPL-2.0-only
/* aio: contexts, control blocks, lists of them, events and data. */
#define _GNU_SOURCE
#include <linux/aio_abi.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "descriptors.h"
#include "places.h"
#include "scenes.h"

static struct iocb *block(struct rng *rng)
{
	struct iocb cb = {
		.aio_lio_opcode = rng_below(rng, 9),
		.aio_fildes = descriptors_any(rng),
		.aio_buf = (uintptr_t)place_raw(rng, 64, true),
		.aio_nbytes = rng_below(rng, 128),
	};

	return place_struct(rng, &cb, sizeof(cb), 2);
}

void scene_aio(struct rng *rng)
{
	struct timespec soon = { 0, 1000 };
	struct iocb *list[2] = { block(rng), block(rng) };
	aio_context_t context = 0;

	if (rng_percent(rng, 10))
		syscall(SYS_io_setup, 4, place_raw(rng, 8, true));
	if (syscall(SYS_io_setup, 4, &context))
		return;
	syscall(SYS_io_submit, context, 2,
		place_struct(rng, list, sizeof(list), 2));
	syscall(SYS_io_getevents, context, 0, 2, place_raw(rng, 64, true),
		place_struct(rng, &soon, sizeof(soon), 2));
	syscall(SYS_io_cancel, context, list[0], place_raw(rng, 32, true));
	syscall(SYS_io_destroy, context);
}
