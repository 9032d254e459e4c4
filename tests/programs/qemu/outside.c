// SPDX-License-Identifier: GPL-2.0-only
/*
 * Read a guest's memory from outside of the guest, all but what fdinfo lists as
 * lost:
 *
 *	outside PID NAME	prints "N pages read, N of them with the
 *				pattern as written, N not; N listed as lost"
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pattern.h"

struct memory {
	const char *pid;
	int fd;			/* as the process has it */
	volatile uint64_t *word;
	size_t pages;
	bool *lost;
};

static void find_fd(struct memory *memory, const char *name)
{
	char dir[64], path[320], wanted[64], target[64];
	struct dirent *entry;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%s/fd", memory->pid);
	snprintf(wanted, sizeof(wanted), "/memfd:%s (deleted)", name);
	fds = opendir(dir);
	while (fds && (entry = readdir(fds))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) > 0 &&
		    !strcmp(target, wanted)) {
			memory->fd = atoi(entry->d_name);
			closedir(fds);
			return;
		}
	}
	errx(1, "process %s has no memfd '%s'", memory->pid, name);
}

static void map(struct memory *memory)
{
	char path[64];
	struct stat st;
	void *at;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/fd/%d", memory->pid, memory->fd);
	fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	at = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		err(1, "map %s", path);
	close(fd);
	memory->word = at;
	memory->pages = st.st_size / PAGE_BYTES;
	memory->lost = calloc(memory->pages, 1);
	if (!memory->lost)
		err(1, "no memory");
}

static size_t read_list(struct memory *memory)
{
	unsigned long long offset, bytes, page;
	size_t n = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%s/fdinfo/%d", memory->pid,
		 memory->fd);
	f = fopen(path, "r");
	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "mf_ue: %llx+%llx", &offset, &bytes) != 2)
			continue;
		page = offset / PAGE_BYTES;
		for (; page < (offset + bytes) / PAGE_BYTES; page++, n++)
			memory->lost[page] = true;
	}
	fclose(f);
	return n;
}

static void read_lines(const volatile uint64_t *page)
{
	size_t i;

	for (i = 0; i < PAGE_WORDS; i += LINE_WORDS)
		(void)page[i];
}

int main(int argc, char **argv)
{
	struct memory memory = { .pid = argv[1] };
	size_t page, lost, as_written = 0, not = 0;
	const volatile uint64_t *words;

	if (argc != 3)
		errx(2, "usage: outside PID NAME");
	find_fd(&memory, argv[2]);
	map(&memory);
	lost = read_list(&memory);
	for (page = 0; page < memory.pages; page++) {
		words = &memory.word[page * PAGE_WORDS];
		if (memory.lost[page])
			continue;
		if (!pattern_starts(words[0]))
			read_lines(words);
		else if (pattern_is_whole(words))
			as_written++;
		else
			not++;
	}
	printf("%zu pages read, %zu of them with the pattern as written, %zu not; %zu listed as lost\n",
	       memory.pages - lost, as_written, not, lost);
	return 0;
}
