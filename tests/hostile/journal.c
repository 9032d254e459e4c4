// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "journal.h"

#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "procfile.h"

#define ENTRIES		64
#define ENTRY_BYTES	256
#define SHARED_BYTES	(1 << 20)

/* Entries are text, so that strings(1) on the host can read them. */
struct journal {
	uint64_t begun, last;
	char pad[ENTRY_BYTES - 16];
	char entry[ENTRIES][ENTRY_BYTES];
};

static volatile struct journal *journal;

static void *map_resource(const char *device)
{
	char path[256];
	void *map;
	int fd;

	snprintf(path, sizeof(path), "%s/resource2", device);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return MAP_FAILED;
	map = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map;
}

/* The first PCI device with device ID 1110 (QEMU's ivshmem). */
static void *map_shared_with_host(void)
{
	void *map = MAP_FAILED;
	char path[256];
	glob_t found;
	size_t i;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found))
		return map;
	for (i = 0; i < found.gl_pathc && map == MAP_FAILED; i++) {
		snprintf(path, sizeof(path), "%s/device", found.gl_pathv[i]);
		if (procfile_number(path) == 0x1110)
			map = map_resource(found.gl_pathv[i]);
	}
	globfree(&found);
	return map;
}

bool journal_open(void)
{
	void *map = map_shared_with_host();

	if (map == MAP_FAILED)
		map = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return false;
	journal = map;
	return true;
}

static void add(const char *text)
{
	uint64_t n = journal->begun;

	strcpy((char *)journal->entry[n % ENTRIES], text);
	__atomic_store_n(&journal->begun, n + 1, __ATOMIC_RELEASE);
}

void journal_call(uint64_t index, const char *format, ...)
{
	char text[ENTRY_BYTES];
	va_list args;
	int at;

	at = snprintf(text, sizeof(text), "call %lu: ", index);
	va_start(args, format);
	vsnprintf(text + at, sizeof(text) - at - 1, format, args);
	va_end(args);
	journal->last = index;
	strcat(text, "\n");
	add(text);
}

void journal_note(const char *format, ...)
{
	char text[ENTRY_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text) - 1, format, args);
	va_end(args);
	strcat(text, "\n");
	add(text);
}

uint64_t journal_begun(void)
{
	return __atomic_load_n(&journal->begun, __ATOMIC_ACQUIRE);
}

uint64_t journal_last(void)
{
	return journal->last;
}

void journal_print(void)
{
	uint64_t n = journal->begun, i = n > 4 ? n - 4 : 0;

	for (; i < n; i++)
		printf("#   %s", (const char *)journal->entry[i % ENTRIES]);
}
