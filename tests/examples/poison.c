// SPDX-License-Identifier: GPL-2.0-only
/*
 * Break memory of another process in the lab, by its place in a memfd:
 *
 *	poison add PID NAME OFFSET	a line of the file, from now on; prints
 *					its physical address
 *	poison report PID NAME OFFSET	as a scrubber does, which found it
 *	poison hits | missed | clear	machine checks so far; that were not
 *					raised; all lines are well again
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poison.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "poison: cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_memfd(const char *pid, const char *name)
{
	char dir[64], path[320], wanted[64], target[64] = "";
	struct dirent *entry;
	DIR *fds;

	snprintf(dir, sizeof(dir), "/proc/%s/fd", pid);
	snprintf(wanted, sizeof(wanted), "/memfd:%s (deleted)", name);
	fds = opendir(dir);
	while (fds && (entry = readdir(fds))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) > 0 &&
		    !strcmp(target, wanted))
			return open(path, O_RDWR);
	}
	errno = ENOENT;
	return -1;
}

static int64_t physical_address(char **argv)
{
	uint64_t offset = strtoull(argv[4], NULL, 0);
	int fd = open_memfd(argv[2], argv[3]);
	struct stat st;
	char *map;

	if (fd < 0 || fstat(fd, &st))
		die("find the memfd");
	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("map the memfd");
	(void)*(volatile char *)(map + offset);
	return lab_pa(map + offset);
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 || argc == 5 ? argv[1] : "";
	int64_t pa, result = -EINVAL;

	if (argc == 5) {
		pa = physical_address(argv);
		if (pa < 0)
			result = pa;
		else if (!strcmp(what, "add"))
			result = lab_poison_add(pa, 1) ?: pa;
		else if (!strcmp(what, "report"))
			result = lab_scrub_report(pa);
	} else if (!strcmp(what, "hits")) {
		result = lab_poison_hits();
	} else if (!strcmp(what, "missed")) {
		result = lab_poison_missed();
	} else if (!strcmp(what, "clear")) {
		result = lab_poison_clear();
	}
	errno = -result;
	if (result < 0)
		die("do that");
	printf("%ld\n", (long)result);
	return 0;
}
