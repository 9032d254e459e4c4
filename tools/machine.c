// SPDX-License-Identifier: GPL-2.0-only
/*
 * The firmware's UUID if there is one, else the system's machine-id; and the
 * memory blocks, which change when memory is added or removed.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "root.h"

#define MEMORY		"/sys/devices/system/memory"
#define BLOCKS_UNKNOWN	"unknown"

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
static int print_numbers(FILE *f, long size, const unsigned int *n, int count)
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
	/* What does not fit would be compared without its end. */
	if (ferror(f) || fflush(f) || ftell(f) >= size - 1) {
		fclose(f);
		return -EFBIG;
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

	/* A kernel without CONFIG_MEMORY_HOTPLUG. */
	if (err == -ENOENT) {
		strcpy(machine->blocks, BLOCKS_UNKNOWN);
		return 0;
	}
	if (err)
		return err;
	n = list_numbered(MEMORY, "memory", &blocks);
	if (n <= 0)
		return n ? n : -ENOENT;
	f = fmemopen(machine->blocks, sizeof(machine->blocks), "w");
	if (f) {
		fprintf(f, "0x%" PRIx64 " ", bytes);
		err = print_numbers(f, sizeof(machine->blocks), blocks, n);
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
	if (err == -EFBIG)
		warnx("this machine has memory blocks with more gaps than a list can name");
	else if (err)
		warnx("cannot tell the memory blocks of this machine from " MEMORY ": %s",
		      strerror(-err));
	return err;
}

/* The next of "0-23,32"; false at the end, or where there is none. */
static bool next_range(const char **p, uint64_t *first, uint64_t *last)
{
	char *end;

	if (!isdigit((unsigned char)**p))
		return false;
	*first = *last = strtoull(*p, &end, 10);
	if (*end == '-')
		*last = strtoull(end + 1, &end, 10);
	*p = end + (*end == ',');
	return *last >= *first;
}

/* The numbers, behind "0xBYTES "; NULL if there are none. */
static const char *numbers_of(const char *blocks, uint64_t *bytes)
{
	char *end;

	*bytes = strtoull(blocks, &end, 16);
	return *bytes && *end == ' ' ? end + 1 : NULL;
}

static bool has_range(const char *numbers, uint64_t first, uint64_t last)
{
	uint64_t from, to;

	while (next_range(&numbers, &from, &to))
		if (first >= from && last <= to)
			return true;
	return false;
}

static uint64_t count(const char *numbers)
{
	uint64_t first, last, n = 0;

	while (next_range(&numbers, &first, &last))
		n += last - first + 1;
	return n;
}

enum blocks machine_compare_blocks(const char *theirs, const char *ours)
{
	const char *all, *some, *at;
	uint64_t first, last, all_bytes, some_bytes;

	if (!strcmp(theirs, ours))
		return BLOCKS_SAME;
	all = numbers_of(theirs, &all_bytes);
	some = numbers_of(ours, &some_bytes);
	if (!all || !some || all_bytes != some_bytes)
		return BLOCKS_OTHER;
	for (at = some; next_range(&at, &first, &last);)
		if (!has_range(all, first, last))
			return BLOCKS_OTHER;
	return count(some) >= count(all) - count(some) ? BLOCKS_MISSING :
	       BLOCKS_OTHER;
}

bool machine_has_block(const char *blocks, uint64_t address)
{
	uint64_t bytes;
	const char *numbers = numbers_of(blocks, &bytes);

	return !numbers ||
	       has_range(numbers, address / bytes, address / bytes);
}
