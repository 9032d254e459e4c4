// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes in a file of a host's /proc and /sys: no command ends by it.  The
 * first byte says which command, the next two which file of the tree FUZZ_TREE.
 */
#include <err.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define FILES_MAX	1000

static const struct run {
	int (*command)(int argc, char **argv);
	bool json;
} runs[] = {
	{ command_status, false }, { command_status, true },
	{ command_check, false }, { command_scan, false },
	{ command_export, false },
};

struct content {
	char bytes[8192];
	size_t size;
};

static char *paths[FILES_MAX];
static size_t n_paths;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(const char *path, const struct stat *st, int type,
		struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_F && n_paths < FILES_MAX)
		paths[n_paths++] = strdup(path);
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (nftw(getenv("FUZZ_TREE"), note, 8, FTW_PHYS) || !n_paths)
		errx(1, "FUZZ_TREE is no tree");
	qsort(paths, n_paths, sizeof(*paths), compare);
	return 0;
}

static void get(const char *path, struct content *c)
{
	FILE *f = fopen(path, "r");

	if (!f)
		err(1, "%s", path);
	c->size = fread(c->bytes, 1, sizeof(c->bytes), f);
	fclose(f);
}

static void put(const char *path, const void *bytes, size_t size)
{
	FILE *f = fopen(path, "w");

	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f))
		err(1, "%s", path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *argv[] = { "mfr", "--root", getenv("FUZZ_TREE"), NULL };
	static struct content before;
	const struct run *run;
	const char *path;
	int status;

	if (size < 3)
		return 0;
	run = &runs[data[0] % (sizeof(runs) / sizeof(*runs))];
	path = paths[(data[1] | data[2] << 8) % n_paths];
	get(path, &before);
	put(path, data + 3, size - 3);
	want_json = run->json;
	status = run->command(3, argv);
	put(path, before.bytes, before.size);
	if (status < STATUS_FINE || status > STATUS_UNKNOWN)
		abort();
	return 0;
}
