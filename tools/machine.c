// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's UUID if there is one, else the system's machine-id; and the
 * memory blocks, which change when memory is added or removed.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "root.h"

#define MEMORY	"/sys/devices/system/memory"

/* Firmware without a UUID sets all of its bits to 0 or to 1. */
static bool is_unique(const char *uuid)
{
	return strspn(uuid, "0-") < strlen(uuid) &&
	       strspn(uuid, "fF-") < strlen(uuid);
}

static int read_id(struct machine *machine)
{
	char uuid[64];

	if (!read_line(uuid, sizeof(uuid), "/sys/class/dmi/id/product_uuid") &&
	    is_unique(uuid)) {
		snprintf(machine->id, sizeof(machine->id), "product_uuid %s",
			 uuid);
		return 0;
	}
	if (!read_line(uuid, sizeof(uuid), "/etc/machine-id") && *uuid) {
		snprintf(machine->id, sizeof(machine->id), "machine_id %s",
			 uuid);
		return 0;
	}
	warnx("this machine has no identity: neither /sys/class/dmi/id/product_uuid (only root may read it) nor /etc/machine-id; systemd-machine-id-setup makes the latter");
	return -ENODEV;
}

/* Print the sorted numbers as "0-23,32-39", and close @f. */
static int print_numbers(FILE *f, const unsigned int *n, int count)
{
	int i, first = 0;

	for (i = 1; i <= count; i++) {
		if (i < count && n[i] == n[i - 1] + 1)
			continue;
		fprintf(f, first ? ",%u" : "%u", n[first]);
		if (i - 1 > first)
			fprintf(f, "-%u", n[i - 1]);
		first = i;
	}
	return fclose(f) ? -errno : 0;
}

/* The file is hexadecimal, without 0x. */
int machine_block_bytes(uint64_t *bytes)
{
	char line[32], *end;
	int err = read_line(line, sizeof(line), MEMORY "/block_size_bytes");

	if (err)
		return err;
	*bytes = strtoull(line, &end, 16);
	return end == line || *end ? -EINVAL : 0;
}

static int read_blocks(struct machine *machine)
{
	unsigned int *blocks;
	uint64_t bytes;
	FILE *f;
	int n, err = machine_block_bytes(&bytes);

	if (err)
		return err;
	n = list_numbered(MEMORY, "memory", &blocks);
	if (n <= 0)
		return n ? n : -ENOENT;
	f = fmemopen(machine->blocks, sizeof(machine->blocks), "w");
	if (f) {
		fprintf(f, "0x%" PRIx64 " ", bytes);
		err = print_numbers(f, blocks, n);
	} else {
		err = -errno;
	}
	free(blocks);
	return err;
}

int machine_identify(struct machine *machine)
{
	int err = read_id(machine);

	if (err)
		return err;
	err = read_blocks(machine);
	if (err)
		warnx("cannot tell the memory blocks of this machine from " MEMORY ": %s; the kernel needs CONFIG_MEMORY_HOTPLUG",
		      strerror(-err));
	return err;
}
