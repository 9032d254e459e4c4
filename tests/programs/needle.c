// SPDX-License-Identifier: GPL-2.0-only
/*
 * Break the line of another process' huge pages in which a text lies:
 *
 *	needle PID FILE TEXT	in a mapping of a file whose name has FILE in it;
 *				prints the offset in the mapping, in bytes
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct mapping {
	char *start;
	size_t bytes;
};

static struct mapping map(const char *pid, unsigned long start,
			  unsigned long end, unsigned long offset)
{
	struct mapping mapping = { .bytes = end - start };
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/map_files/%lx-%lx", pid, start,
		 end);
	fd = open(path, O_RDWR);
	if (fd < 0)
		err(1, "%s", path);
	mapping.start = mmap(NULL, mapping.bytes, PROT_READ, MAP_SHARED, fd,
			     offset);
	if (mapping.start == MAP_FAILED)
		err(1, "map %s", path);
	close(fd);
	return mapping;
}

/* Where the text is; NULL if it is in no such mapping. */
static char *find(const char *pid, const char *file, const char *text,
		  struct mapping *mapping)
{
	unsigned long start, end, offset;
	char path[64], line[256], *at = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "r");
	if (!f)
		err(1, "%s", path);
	while (!at && fgets(line, sizeof(line), f)) {
		if (!strstr(line, file) ||
		    sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) != 3)
			continue;
		*mapping = map(pid, start, end, offset);
		at = memmem(mapping->start, mapping->bytes, text, strlen(text));
	}
	fclose(f);
	return at;
}

int main(int argc, char **argv)
{
	struct mapping mapping = { 0 };
	int64_t pa, result;
	char *at;

	if (argc != 4)
		errx(2, "usage: needle PID FILE TEXT");
	at = find(argv[1], argv[2], argv[3], &mapping);
	if (!at)
		errx(1, "process %s has no '%s' in %s", argv[1], argv[3], argv[2]);
	pa = lab_pa(at);
	result = pa < 0 ? pa : lab_poison_add(pa, 1);
	if (result)
		errx(1, "cannot poison it: %s", strerror(-result));
	printf("%zu\n", (size_t)(at - mapping.start));
	return 0;
}
