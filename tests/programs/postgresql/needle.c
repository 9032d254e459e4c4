// SPDX-License-Identifier: GPL-2.0-only
/*
 * Break the line of another process' shared huge pages in which a text lies:
 *
 *	needle PID TEXT		prints the offset in the mapping, in bytes
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct mapping {
	char path[96];
	size_t bytes;
};

static void find_mapping(const char *pid, struct mapping *mapping)
{
	unsigned long start, end;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "r");
	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		if (!strstr(line, "anon_hugepage") ||
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		snprintf(mapping->path, sizeof(mapping->path),
			 "/proc/%s/map_files/%lx-%lx", pid, start, end);
		mapping->bytes = end - start;
		fclose(f);
		return;
	}
	errx(1, "process %s has no mapping of shared huge pages", pid);
}

int main(int argc, char **argv)
{
	struct mapping mapping;
	int64_t pa, result;
	char *map, *at;
	int fd;

	if (argc != 3)
		errx(2, "usage: needle PID TEXT");
	find_mapping(argv[1], &mapping);
	fd = open(mapping.path, O_RDWR);
	if (fd < 0)
		err(1, "%s", mapping.path);
	map = mmap(NULL, mapping.bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "map %s", mapping.path);
	at = memmem(map, mapping.bytes, argv[2], strlen(argv[2]));
	if (!at)
		errx(1, "'%s' is not in %s", argv[2], mapping.path);
	pa = lab_pa(at);
	result = pa < 0 ? pa : lab_poison_add(pa, 1);
	if (result)
		errx(1, "cannot poison it: %s", strerror(-result));
	printf("%zu\n", (size_t)(at - map));
	return 0;
}
